"""What fits into one message of a channel: its text, and the titles of its buttons."""

from domain.channels import ChannelFeatures, LengthUnit
from domain.splitting import measure

_UNIT_WORDS = {LengthUnit.CHARACTERS: "characters", LengthUnit.BYTES: "bytes", LengthUnit.UTF16: "characters (an emoji counts as two)"}


def refusal(text: str, features: ChannelFeatures) -> str | None:
    """Why a text can't go out as one message, in words for managers; None if it can. A text is never cut."""
    length = measure(text, features.length_unit)
    if length <= features.max_text:
        return None
    return f"The text is too long: {length} of {features.max_text} {_UNIT_WORDS[features.length_unit]}; send it in several messages"


def button_titles(questions: tuple[str, ...], *, most: int, longest: int) -> tuple[str, ...]:
    """What stands on the buttons: the questions, or their numbers in the text where one is too long; none where there are too many."""
    if not 1 <= len(questions) <= most or len(set(questions)) < len(questions) or not all(question.strip() for question in questions):
        return ()
    fits = all(len(question) <= longest for question in questions)
    return questions if fits else tuple(str(number) for number in range(1, len(questions) + 1))
