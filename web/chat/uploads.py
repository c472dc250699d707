"""Files that visitors attach: told by their first bytes, never by their name or what the browser says."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.datastructures import UploadFile

from domain.errors import InvalidInput
from domain.messages import MessageType

MAX_FILES = 5
MAX_BYTES = 10_000_000
"""Of all files of one message together."""

_SIGNATURES: tuple[tuple[re.Pattern[bytes], str, str, MessageType], ...] = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png", ".png", MessageType.IMAGE),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg", ".jpg", MessageType.IMAGE),
    (re.compile(rb"GIF8[79]a"), "image/gif", ".gif", MessageType.IMAGE),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "image/webp", ".webp", MessageType.IMAGE),
    (re.compile(rb"%PDF-\d"), "application/pdf", ".pdf", MessageType.DOCUMENT),
)
INLINE_TYPES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
"""Shown in the page; everything else is downloaded."""
_UNSAFE_NAME = re.compile(r"[\x00-\x1f\x7f/\\\u200b-\u200f\u202a-\u202e\u2066-\u2069]+")


@dataclass(frozen=True, slots=True)
class Upload:
    name: str
    mime_type: str
    kind: MessageType
    content: bytes

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


class TooManyFiles(InvalidInput):
    """More than `MAX_FILES`."""


class TooLarge(InvalidInput):
    """More than `MAX_BYTES`."""


class UnreadableFile(InvalidInput):
    """Neither an image nor a PDF."""


async def read_uploads(files: Sequence[UploadFile]) -> tuple[Upload, ...]:
    """Raises TooManyFiles, TooLarge, UnreadableFile. A form's empty file field counts as none."""
    chosen = [file for file in files if file.filename or file.size]
    if len(chosen) > MAX_FILES:
        raise TooManyFiles(f"files: at most {MAX_FILES} at once")
    if sum(file.size or 0 for file in chosen) > MAX_BYTES:
        raise TooLarge(f"files: at most {MAX_BYTES:,} bytes in all")
    return tuple([recognised(await file.read(), file.filename or "") for file in chosen])


def recognised(content: bytes, given_name: str) -> Upload:
    """Raises UnreadableFile."""
    for pattern, mime_type, suffix, kind in _SIGNATURES:
        if pattern.match(content[:16]):
            return Upload(name=_safe_name(given_name, suffix), mime_type=mime_type, kind=kind, content=content)
    raise UnreadableFile("files: only images (PNG, JPEG, GIF, WebP) and PDF are taken")


def _safe_name(given: str, suffix: str) -> str:
    """Without control characters and paths, ending as its content says."""
    stem = _UNSAFE_NAME.sub(" ", given).strip(" .")
    dot = stem.rfind(".")
    stem = stem[:dot] if dot > 0 and len(stem) - dot <= 6 else stem
    return (stem[:100].strip() or "file") + suffix
