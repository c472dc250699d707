"""What a turn says besides its question: anger, despair, a wish for a person, and whether the same was asked before."""

import re
from collections.abc import Sequence

import numpy as np

from domain.folded_words import fold
from domain.turns import Heard, Told
from knowledge import asking, mood
from knowledge.index import KnowledgeIndex
from knowledge.linear_ear import Floats
from knowledge.words import detect_language, question_words, stem

SAME_PASSAGE = 0.45
"""Cosine from which two questions that the same passage answers best count as one."""
SAME_WORDING = 0.8
"""Cosine from which two questions count as one, whatever answers them."""

LEAST_WORDS = 2
"""Words of content that a question needs to be answered by what a person said before: "help" may mean anything."""

_NAMES = re.compile(r"\d+|(?<![.!?]\s)(?<!^)\b[A-ZÀ-Þ]\w+")


class KnowledgeListener:
    """Implements domain.ports.Listener. Questions met before cost nothing: their vectors and passages are remembered by the index."""

    def __init__(self, index: KnowledgeIndex) -> None:
        self._index = index
        self._mood, self._asking = mood.mood_model(), asking.asking_model()

    async def hear(self, question: str, *, earlier: Sequence[str], told: Sequence[Told]) -> Heard:
        if not question.strip():
            return Heard()
        vector, *others = self._index.vectors([question, *earlier, *(one.question for one in told)])
        upset = round(self._mood.probability(vector, mood.signals(question)), 3)
        asks_person = round(self._asking.probability(vector, asking.signals(question)), 3)
        same = [await self._same(question, vector, text, other) for text, other in zip(_texts(earlier, told), others, strict=True)]
        wordy = len(_content(question)) >= LEAST_WORDS
        said = [one.message_id for one, is_same in zip(told, same[len(earlier) :], strict=True) if is_same and wordy]
        return Heard(upset=upset, asks_person=asks_person, repeats=sum(same[: len(earlier)]), said_by_person=said[-1] if said else None)

    async def _same(self, question: str, vector: Floats, other: str, other_vector: Floats) -> bool:
        """Whether two texts ask the same. Never so for greetings and thanks, nor where a name, a number or one word was exchanged."""
        if not _content(question) or not _content(other):
            return False
        if fold(question.strip()) == fold(other.strip()):
            return True
        cosine = float(np.dot(vector, other_vector))
        if cosine < SAME_PASSAGE or _exchanged(question, other):
            return False
        return cosine >= SAME_WORDING or await self._answered_alike(question, other)

    async def _answered_alike(self, question: str, other: str) -> bool:
        one, two = await self._index.search(question, threshold=0.0), await self._index.search(other, threshold=0.0)
        return bool(one.passages and two.passages) and one.passages[0].chunk_id == two.passages[0].chunk_id


def _texts(earlier: Sequence[str], told: Sequence[Told]) -> list[str]:
    return [*earlier, *(one.question for one in told)]


def _content(text: str) -> frozenset[str]:
    language = detect_language(text)
    return frozenset(found for word in question_words(text, language) if not word.isdigit() and (found := stem(word, language)))


def _exchanged(one: str, other: str) -> bool:
    """ "Do you ship to Chile" and "do you ship to Peru" are near in meaning, and two questions."""
    names, other_names = ({fold(name) for name in _NAMES.findall(text)} for text in (one, other))
    if names and other_names and names != other_names:
        return True
    words, other_words = _content(one), _content(other)
    return len(words - other_words) == len(other_words - words) == 1 and bool(words & other_words)
