"""How long a text is, in the unit that a channel counts."""

from domain.channels import ChannelFeatures, LengthUnit


def measure(text: str, unit: LengthUnit) -> int:
    match unit:
        case LengthUnit.CHARACTERS:
            return len(text)
        case LengthUnit.BYTES:
            return len(text.encode("utf-8", "replace"))
        case LengthUnit.UTF16:
            return len(text.encode("utf-16-le", "replace")) // 2


_UNIT_WORDS = {LengthUnit.CHARACTERS: "characters", LengthUnit.BYTES: "bytes", LengthUnit.UTF16: "characters (an emoji counts as two)"}


def refusal(text: str, features: ChannelFeatures) -> str | None:
    """Why a text can't go out as one message, in words for managers; None if it can. A text is never cut."""
    length = measure(text, features.length_unit)
    if length <= features.max_text:
        return None
    return f"The text is too long: {length} of {features.max_text} {_UNIT_WORDS[features.length_unit]}; send it in several messages"
