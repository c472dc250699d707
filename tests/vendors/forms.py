"""Forms with files, as a vendor reads them."""

from email.message import Message
from email.parser import BytesParser

from tests.vendors.vendor_server import Call


def parts_of(call: Call) -> dict[str, tuple[str, str, bytes]]:
    """By the field's name: file name, content type and bytes. Empty if the body is no form."""
    kind = call.headers.get("content-type", "")
    if not kind.startswith("multipart/form-data; boundary="):
        return {}
    parsed = BytesParser().parsebytes(b"content-type: " + kind.encode() + b"\r\n\r\n" + call.body)
    found = {}
    for part in parsed.get_payload():
        assert isinstance(part, Message)
        name = str(part.get_param("name", header="content-disposition"))
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        found[name] = (part.get_filename() or "", part.get_content_type(), content)
    return found
