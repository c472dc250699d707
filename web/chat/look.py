"""How the chat looks for one inbox: its colour with a text colour that can be read on it, and links in texts."""

import re
from html import escape

from markupsafe import Markup

from domain.managers import Inbox

_COLOUR = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})", re.IGNORECASE)
_LINK = re.compile(r"https?://[^\s<>\"'`]+[^\s<>\"'`.,;:!?)\]}]")
_ORIGIN = re.compile(r"https?://(?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)*(?::\d{1,5})?", re.IGNORECASE)

DEFAULT_COLOUR = "#4a46d8"
_INKS = ("#ffffff", "#16161b", "#000000")
"""White, the product's own ink, and black for the few colours on which neither reaches 4.5:1."""


def brand(inbox: Inbox) -> str:
    """The inbox's colour as #rrggbb; the product's own where none is set or it can't be read."""
    colour = inbox.public_settings.get("colour", "").strip().lower()
    if not _COLOUR.fullmatch(colour):
        return DEFAULT_COLOUR
    return colour if len(colour) == 7 else "#" + "".join(2 * digit for digit in colour[1:])


def text_on(colour: str) -> str:
    """The first ink with a contrast of at least 4.5:1; there is one for every colour."""
    return next((ink for ink in _INKS if contrast(ink, colour) >= 4.5), _INKS[-1])


def contrast(one: str, other: str) -> float:
    """WCAG 2 contrast ratio of two #rrggbb colours."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    channels = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    red, green, blue = (value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def theme_css(inbox: Inbox) -> str:
    colour = brand(inbox)
    return f":root{{--brand:{colour};--onbrand:{text_on(colour)}}}\n"


def frame_ancestors(inbox: Inbox) -> str:
    """Who may show the widget's frame: the inbox's `origins` (comma separated; `*` allows every site), besides ourselves."""
    origins = [origin.strip().rstrip("/") for origin in inbox.public_settings.get("origins", "").split(",")]
    if "*" in origins:
        return "*"
    # What is no origin is left out: a semicolon in it would begin another directive.
    return " ".join(["'self'", *(origin.lower() for origin in origins if _ORIGIN.fullmatch(origin))])


def linked(text: str) -> Markup:
    """The text, escaped, its web addresses made links. No other markup."""
    parts, end = [], 0
    for match in _LINK.finditer(text):
        address = escape(match[0])
        parts.append(escape(text[end : match.start()]))
        parts.append(f'<a href="{address}" target="_blank" rel="noopener noreferrer nofollow ugc">{address}</a>')
        end = match.end()
    parts.append(escape(text[end:]))
    return Markup("".join(parts))  # noqa: S704 # every part was escaped above


def split_offer(text: str, quick_replies: tuple[str, ...]) -> tuple[str, str]:
    """An offer's words and its numbered lines, which the page hides while it shows them as buttons."""
    numbered = [f"{number}. {reply}" for number, reply in enumerate(quick_replies, start=1)]
    lines = text.split("\n")
    if not numbered or lines[-len(numbered) :] != numbered or len(lines) == len(numbered):
        return text, ""
    return "\n".join(lines[: -len(numbered)]), "\n".join(numbered)
