"""A file on its way to a vendor: as a part of a form, and why a channel does not take it."""

from collections.abc import Mapping
from uuid import uuid4

from domain.channels import ChannelFeatures, OutgoingFile
from domain.errors import InvalidInput


def multipart(fields: Mapping[str, str], name: str, file: OutgoingFile) -> tuple[str, bytes]:
    """Content type and body of a form with one file."""
    boundary = uuid4().hex
    lines = [f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n' for key, value in fields.items()]
    plain = "".join(character if character.isprintable() and character not in '"\\' else "_" for character in file.name)
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{plain}"\r\nContent-Type: {file.mime_type}\r\n\r\n'
    body = "".join(lines).encode("utf-8", "replace") + head.encode("utf-8", "replace") + file.content + f"\r\n--{boundary}--\r\n".encode()
    return f"multipart/form-data; boundary={boundary}", body


def check_file(file: OutgoingFile, features: ChannelFeatures) -> None:
    """Raises InvalidInput saying what the channel takes."""
    if (refused := features.file_refusal(file.mime_type, len(file.content))) is not None:
        raise InvalidInput(refused)


def link_of(file: OutgoingFile, features: ChannelFeatures) -> str:
    """Where the vendor fetches the file. Raises InvalidInput where it can't."""
    if file.link is None or not file.link.startswith("https://"):
        raise InvalidInput(f"{features.label} fetches files from here by https: set FRONTDESK_PUBLIC_URL to an https address")
    return file.link
