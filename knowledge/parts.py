"""A message that asks two things, cut into its questions. English, Spanish, Portuguese."""

import re

from domain.folded_words import fold
from knowledge.words import LANGUAGES, detect_language, question_words

MOST_PARTS = 2
"""Who asks more things at once is better answered by a person."""

_MARK = re.compile(r"\?+")
_AND = re.compile(
    r"[\s,;]+(?:and|also|plus|y|e|ademas|además|tambien|também|tb)\s+(?=(?:(?:in )?how|when|where|can|could|do|does"
    r"|(?:en |a )?cu[aá]nt[oa]s?|cu[aá]ndo|d[oó]nde|c[oó]mo|hacen|hay|tienen|aceptan|puedo|se puede"
    r"|(?:em |a )?quant[oa]s?|quando|onde|tem|t[eê]m|aceitam|posso|d[aá])\b)",
    re.IGNORECASE,
)


def parts_of(question: str) -> tuple[str, ...]:
    """The two questions of a message; empty where it asks one thing, or where one part says nothing by itself."""
    asked = [piece.strip(" ,.;¿¡!\n") for piece in _MARK.split(question)]
    pieces = [piece for piece in asked if piece]
    if len(pieces) == 1:
        pieces = [piece.strip() for piece in _AND.split(question) if piece.strip()]
    if len(pieces) != MOST_PARTS or (question.count("?") == 1 and not question.rstrip().endswith("?")):
        return ()
    words = [frozenset(fold(word) for word in question_words(piece, detect_language(question, among=LANGUAGES))) for piece in pieces]
    return tuple(pieces) if all(words) and not words[0] & words[1] else ()
