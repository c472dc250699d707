"""Reads the labelled messages of tests/eval/messages."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).with_name("messages")


@dataclass(frozen=True, slots=True)
class Labelled:
    part: str
    language: str
    is_so: bool
    text: str


def labelled(name: str, *parts: str) -> list[Labelled]:
    """The messages of a file, of these parts or of all."""
    return [one for one in _read(FOLDER / name) if not parts or one.part in parts]


def _read(file: Path) -> Iterator[Labelled]:
    part = language = ""
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            part, language = line.strip("[]").split()
        elif line[:2] in ("+ ", "- "):
            yield Labelled(part, language, line[0] == "+", line[2:])
