"""Follow-up questions ("and to Brazil?"): told apart from whole ones, and put into words that stand alone. Pure; en, es, pt, fr, de, it.

Without a language model the rule is conservative. A question is taken for a follow-up only if it begins like one and is no sentence of its
own, and the question made of it counts only if what is found for it holds the follow-up's own words.
"""

import re

from domain.folded_words import fold
from domain.knowledge import Passage

LONGEST_TOPIC = 300
"""Characters of a question that are carried on."""
_LONGEST_PHRASE = 5
"""Words after the opening, of a follow-up that is no sentence of its own."""

_OPENING = re.compile(
    r"^\W*(?:(?:ok(?:ay|ey)?|great|thanks|thank you|perfect|gracias|perfecto|genial|bien|vale|obrigad[oa]|perfeito|ótimo|beleza|merci|danke"
    r"|grazie)"
    r"[\s,.!]+)*(?:(?:and|and what about|what about|how about|and how about|also|or)|y|y qu[eé] tal|e|et|und|ed|ou|oder|tamb[eé]m|también)"
    r"(?=\W)[\s,]*",
    re.IGNORECASE,
)
_PREPOSITIONS = (
    ("to", "for", "into", "a", "al", "para", "pra", "pro", "hacia", "até", "ao", "à", "vers", "pour", "nach", "für", "per"),
    ("in", "at", "on", "within", "en", "em", "no", "na", "nos", "nas", "dans", "im", "am", "nel", "nella"),
    ("from", "of", "de", "del", "desde", "do", "da", "dos", "das", "von", "aus", "di", "dal"),
    ("with", "by", "con", "com", "por", "pelo", "pela", "avec", "mit", "without", "sin", "sem", "sans", "ohne"),
)
_GROUPS = {word: number for number, group in enumerate(_PREPOSITIONS) for word in group}
_ARTICLES = """
the a an some any el la los las lo un una unos unas o os as um uma uns umas le les des der die das den dem ein eine il gli i
my your our mi tu su meu sua seu
"""
_EMPTY = frozenset(_ARTICLES.split())
_ASKS = re.compile(
    r"(?<!\w)(?:how|when|where|why|who|which|what|do|does|did|is|are|can|could|will|would|should|have|has|if|cu[aá]ndo|cu[aá]nto|cu[aá]nta|c[oó]mo"
    r"|d[oó]nde|qui[eé]n|qu[eé]|cu[aá]l|si|hay|es|son|tienen|puedo|pueden|hacen|quando|quanto|quanta|como|onde|quem|qual|que|se|tem|têm|é|são"
    r"|posso|podem|fazem|comment|combien|est|sont|wie|wann|wo|wer|ist|sind|kann|come|dove|chi|posso|quanto)(?!\w)",
    re.IGNORECASE,
)
_REFERS = re.compile(
    r"(?<!\w)(?:it|its|that|those|these|them|they|this|one|ones|there|same|eso|esa|ese|esto|esta|este|esos|esas|lo|la|los|las|ah[ií]|all[ií]|mismo"
    r"|misma|isso|essa|esse|isto|ele|ela|eles|elas|l[aá]|mesmo|mesma|ça|cela|celui|celle|das|dort|gleiche|questo|quello|quella)(?!\w)",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W_]+")
_STEM = 5
_SHORTEST_OWN = 3
_SHORT_QUESTION = 3
_LONGEST_REFERRING = 10


def stand_alone(question: str, topic: str | None) -> str | None:
    """The follow-up as a question of its own, made from the one before; None if it is no follow-up, or nothing came before."""
    if not topic:
        return None
    opening = _OPENING.match(question)
    phrase = question[opening.end() :].strip(" \t\n?¿!.,") if opening else ""
    words = _WORD.findall(phrase)
    if not own_words(phrase) or len(words) > _LONGEST_PHRASE or _ASKS.search(phrase):
        return None
    topic = topic.strip()
    return (_replaced(topic, phrase, words) or f"{topic.rstrip(' ?¿!.,')} {phrase}?")[:LONGEST_TOPIC]


def own_words(text: str) -> tuple[str, ...]:
    """What a follow-up is about, folded: its words without articles and prepositions."""
    words = [fold(word) for word in _WORD.findall(text)]
    return tuple(word for word in words if len(word) >= _SHORTEST_OWN and word not in _EMPTY and word not in _GROUPS)


def is_about(passage: Passage, question: str) -> bool:
    """Whether the passage holds every word of the follow-up itself: an answer to the question before is no answer to it."""
    opening = _OPENING.match(question)
    wanted = {word[:_STEM] for word in own_words(question[opening.end() :] if opening else question)}
    held = {fold(word)[:_STEM] for word in _WORD.findall(f"{passage.heading} {passage.question or ''} {passage.text}")}
    return wanted <= held


def may_refer_back(question: str) -> bool:
    """Whether a language model should look: it begins like a follow-up, is very short, or points at something. Says nothing for certain."""
    words = len(_WORD.findall(question))
    if _OPENING.match(question) or words <= _SHORT_QUESTION:
        return True
    return words <= _LONGEST_REFERRING and bool(_REFERS.search(question))


def _replaced(topic: str, phrase: str, words: list[str]) -> str | None:
    """The topic with the phrase in the place of its like: the last phrase with such a preposition, or the last name."""
    group = _GROUPS.get(words[0].casefold())
    if group is not None:
        found = [match for match in _WORD.finditer(topic) if _GROUPS.get(match[0].casefold()) == group and match.start() > 0]
        if not found:
            return None
        return f"{topic[: found[-1].start()]}{phrase}{topic[_end_of_phrase(topic, found[-1].end()) :]}"
    if words[-1][0].isupper():
        names = [match for match in _WORD.finditer(topic) if match[0][0].isupper() and match.start() > 1]
        if names:
            return f"{topic[: names[-1].start()]}{phrase}{topic[names[-1].end() :]}"
    return None


def _end_of_phrase(topic: str, start: int) -> int:
    """Articles and the one or more capitalised words, or the one plain word, after a preposition."""
    end = start
    for match in _WORD.finditer(topic, start):
        if topic[end : match.start()].strip():
            break
        word = match[0]
        plain = not word[0].isupper()
        if word.casefold() in _EMPTY:
            end = match.end()
            continue
        if plain and end > start and topic[start:end].strip() and not _only_articles(topic[start:end]):
            break
        end = match.end()
        if plain:
            break
    return end


def _only_articles(text: str) -> bool:
    return all(word.casefold() in _EMPTY for word in _WORD.findall(text))
