"""Near questions put to a customer, and which of them was picked."""

import re
from collections.abc import Mapping
from types import MappingProxyType

from domain.folded_words import fold


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_NUMBERS: Mapping[int, str] = MappingProxyType(
    {
        1: "1 one first 1st uno una primero primera primer 1o 1a um uma primeiro primeira un une premier premiere 1er 1ere eins erste "
        "erster erstes ersten primo prima",
        2: "2 two second 2nd dos segundo segunda 2o 2a dois duas deux deuxieme seconde 2e 2eme zwei zweite zweiter zweites zweiten due "
        "secondo",
        3: "3 three third 3rd tres tercero tercera tercer 3o 3a terceiro terceira trois troisieme 3e 3eme drei dritte dritter drittes "
        "dritten tre terzo terza",
    }
)
"""Figures and words of the six languages, without accents."""
_NUMBER_OF: Mapping[str, int] = MappingProxyType({word: number for number, words in _NUMBERS.items() for word in words.split()})
_LAST = _set("last ultimo ultima dernier derniere letzte letzter letztes letzten")
_ALSO_ARTICLES = _set("one uno una un une um uma")
"""Numbers that are articles or fillers beside another number: "the first one"."""
_BESIDES = _set(
    "the a an that this option question number no please pls el la lo los las de opcion pregunta numero por favor esa ese o os as a opcao "
    "pergunta essa esse le les l celle numero question s il vous plait stp svp der die das nummer frage bitte il lo la quella quello "
    "domanda opzione per favore favor n would be i mean meant is es e"
)
_YES = _set("yes yep yeah y ok okay si claro exacto sim isso oui exactement ja genau esatto certo exactly correct correto")
_FEW_WORDS = 5
_SHORTEST_WORD = 4

MAX_OFFERED = 3


def offer_text(words: str, suggestions: tuple[str, ...]) -> str:
    """The offer as plain text, numbered for channels without buttons."""
    return "\n".join([words, *(f"{number}. {question}" for number, question in enumerate(suggestions, start=1))])


def chosen_offer(text: str, offered: tuple[str, ...]) -> str | None:
    """The offered question that the customer picked: by number, number word, place or words, or by a yes where it is the only one."""
    words = _words(text)
    if not words or not offered:
        return None
    by_number = _number(words, len(offered))
    if by_number is not None:
        return offered[by_number - 1]
    if len(offered) == 1 and all(word in _YES for word in words):
        return offered[0]
    return _by_words(words, offered)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", fold(text))


def _number(words: list[str], count: int) -> int | None:
    """The one number that the words say and nothing else."""
    said = [word for word in words if word not in _BESIDES or word in _NUMBER_OF]
    numbers = [word for word in said if word in _NUMBER_OF or word in _LAST]
    if len(numbers) > 1:
        said = [word for word in said if word not in _ALSO_ARTICLES]
        numbers = [word for word in numbers if word not in _ALSO_ARTICLES]
    if len(said) != 1 or len(numbers) != 1:
        return None
    number = count if numbers[0] in _LAST else _NUMBER_OF[numbers[0]]
    return number if number <= count else None


def _by_words(words: list[str], offered: tuple[str, ...]) -> str | None:
    """The very question, or the only one that holds every longer word of a short message."""
    questions = [_words(question) for question in offered]
    if words in questions:
        return offered[questions.index(words)]
    telling = {word for word in words if len(word) >= _SHORTEST_WORD and word not in _BESIDES}
    if not telling or len(words) > _FEW_WORDS:
        return None
    holding = [position for position, question in enumerate(questions) if telling <= set(question)]
    return offered[holding[0]] if len(holding) == 1 else None
