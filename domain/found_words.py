"""Words that an owner listed, looked for in a text."""

import re


def found_keyword(text: str, keywords: tuple[str, ...]) -> str | None:
    """The first of the words that stands in the text as a whole word, in any case."""
    return next((word for word in keywords if word and re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE)), None)
