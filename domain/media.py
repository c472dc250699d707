"""Files of customers that lie with a vendor: which are fetched, how large they may be, and what they really are."""

import re

from domain.messages import Attachment, MessageType
from domain.model import Model

MAX_MEDIA_BYTES = 20_000_000
"""Of one file. Telegram's bots get no larger ones; what is larger is named and not fetched."""

_MEDIA = frozenset({MessageType.IMAGE, MessageType.AUDIO, MessageType.VIDEO, MessageType.DOCUMENT})
OWN_FILES = "/files/"
"""How addresses of our own files begin."""

_KNOWN: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "image/webp"),
    (re.compile(rb"RIFF....WAVE", re.DOTALL), "audio/wav"),
    (re.compile(rb"%PDF-\d"), "application/pdf"),
    (re.compile(rb"OggS"), "audio/ogg"),
    (re.compile(rb"ID3|\xff[\xfb\xf3\xf2]"), "audio/mpeg"),
    (re.compile(rb"....ftypM4A", re.DOTALL), "audio/mp4"),
    (re.compile(rb"....ftyp", re.DOTALL), "video/mp4"),
    (re.compile(rb"\x1aE\xdf\xa3"), "video/webm"),
)
_PROGRAMS = re.compile(rb"MZ|\x7fELF|#!|\xcf\xfa\xed\xfe|\xce\xfa\xed\xfe|\xca\xfe\xba\xbe")
_HARMLESS = re.compile(r"(?:audio|video|application|text)/[\w.+-]{1,100}")

_SUFFIXES = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "audio/wav": ".wav",
    "audio/ogg": ".ogg",
    "audio/mpeg": ".mp3",
    "audio/mp4": ".m4a",
    "video/mp4": ".mp4",
    "video/webm": ".webm",
    "application/pdf": ".pdf",
}
_UNSAFE_NAME = re.compile(r"[\x00-\x1f\x7f/\\\u200b-\u200f\u202a-\u202e\u2066-\u2069]+")


class Download(Model):
    """A file as it came from its vendor. `mime_type` is what the vendor says."""

    content: bytes
    mime_type: str = ""


def is_elsewhere(attachment: Attachment) -> bool:
    """Whether the file still lies with its vendor and is worth fetching: maps and cards are no files."""
    return attachment.type in _MEDIA and bool(attachment.url) and not attachment.url.startswith(OWN_FILES)


def real_type(content: bytes, said: str) -> str | None:
    """By the first bytes; what they don't show is what was said, if that runs nowhere. None for a program."""
    if _PROGRAMS.match(content):
        return None
    known = next((name for pattern, name in _KNOWN if pattern.match(content[:32])), None)
    said = said.partition(";")[0].strip().lower()
    if known is not None:
        # A voice note may come in a video's container.
        return said if known == "video/mp4" and said.startswith("audio/") else known
    return said if _HARMLESS.fullmatch(said) and "html" not in said else "application/octet-stream"


def file_name(given: str | None, kind: MessageType, mime_type: str) -> str:
    """Without paths and control characters; with an ending where the type has one."""
    name = _UNSAFE_NAME.sub(" ", given or "").strip(" .")[-150:]
    suffix = _SUFFIXES.get(mime_type, "")
    return name if name and ("." in name or not suffix) else (name or kind.value) + suffix
