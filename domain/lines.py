"""Which words a fixed line has for one customer: the inbox's own for the language, the inbox's own, or ours in the language."""

from collections.abc import Sequence

from domain.knowledge import Citation
from domain.line_texts import TEXTS, LineKey
from domain.policy import Policy


def line(key: LineKey, language: str | None, policy: Policy, **values: str) -> str:
    """The line in the customer's language; empty where the inbox wants nothing said.

    A text that the inbox sets counts in every language, unless it sets another for one (`holding_line_es`). As long as it stands at our
    English default, each customer hears our translation. `{name}` and the like are replaced by `values`; an unknown one stays as it is.
    """
    spoken = spoken_in(language, policy)
    standard = TEXTS[key]["en"]
    text = policy.lines.get(f"{key.value}_{spoken}") or str(getattr(policy, key.value, standard))
    if text == standard:
        text = TEXTS[key].get(spoken, standard)
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    return text


MOST_SOURCES = 3
_PAGE = {"de": "S."}


def sources_line(citations: Sequence[Citation], language: str | None, policy: Policy) -> str:
    """`From: shop.pdf, p. 2`; empty where the inbox does not want it or there is nothing to name."""
    page = _PAGE.get(spoken_in(language, policy), "p.")
    named = dict.fromkeys(f"{citation.document}, {page} {citation.page}" for citation in citations)
    if not named or not policy.sources_in_text:
        return ""
    return line(LineKey.SOURCES, language, policy, sources="; ".join(list(named)[:MOST_SOURCES]))


def spoken_in(language: str | None, policy: Policy) -> str:
    """The language in which the inbox speaks to a customer of `language` (BCP 47): that one if it is the inbox's, else its first."""
    plain = (language or "").partition("-")[0].lower()
    return plain if plain in policy.languages else policy.languages[0]
