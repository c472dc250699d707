"""Writes the table of channels and what each can do into docs/channels.md, from the channels' own data.

python -m scripts.channel_table
"""

import re
from collections.abc import Mapping
from pathlib import Path

from channels.registry import FEATURES
from domain.channels import ChannelFeatures, ChannelKind

PAGE = Path(__file__).parents[1] / "docs" / "channels.md"
BEGIN, END = "<!-- table -->", "<!-- /table -->"
_NOT_CAPABILITIES = frozenset({"label", "file_types", "limits", "settings", "secret_settings", "required_settings", "length_unit"})


def table(features: Mapping[ChannelKind, ChannelFeatures]) -> str:
    """Markdown: a row for each channel, a column for each capability that stands in its features."""
    names = [name for name in ChannelFeatures.model_fields if name not in _NOT_CAPABILITIES]
    lines = [f"| channel | {' | '.join(name.replace('_', ' ') for name in names)} |", "|---" * (len(names) + 1) + "|"]
    for kind, found in features.items():
        cells = [_cell(found, name) for name in names]
        lines.append(f"| [{found.label}](channels/{kind.value}.md) | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(features: ChannelFeatures, name: str) -> str:
    value = getattr(features, name)
    if name == "max_text":
        return f"{value:,} {features.length_unit.value}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or value == ():
        return "none"
    if name == "max_file":
        return f"{value / 1_000_000:g} MB"
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def with_table(page: str, made: str) -> str:
    """Raises ValueError if the page has no place for it."""
    if BEGIN not in page or END not in page:
        raise ValueError(f"{PAGE.name} has no place for the table: {BEGIN} and {END} are missing")
    return re.sub(f"{BEGIN}.*{END}", lambda _: f"{BEGIN}\n{made}\n{END}", page, flags=re.DOTALL)


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8"), table(FEATURES)), encoding="utf-8")
