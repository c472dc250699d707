"""Words of a text: language, stems without stopwords, sentences. English, Spanish, Portuguese, French, German and Italian."""

import re
import unicodedata
from functools import cache, lru_cache
from pathlib import Path

import Stemmer
from bm25s import stopwords

from domain.folded_words import fold

LANGUAGES = ("en", "es", "pt", "fr", "de", "it")
_STEMMERS = {"en": "english", "es": "spanish", "pt": "portuguese", "fr": "french", "de": "german", "it": "italian"}
_STOPWORDS: dict[str, tuple[str, ...]] = {
    "en": stopwords.STOPWORDS_EN_PLUS,
    "es": stopwords.STOPWORDS_SPANISH,
    "pt": stopwords.STOPWORDS_PORTUGUESE,
    "fr": stopwords.STOPWORDS_FRENCH,
    "de": stopwords.STOPWORDS_GERMAN,
    "it": stopwords.STOPWORDS_ITALIAN,
}
_WORD = re.compile(r"\w+(?:['’]\w+)?")
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"”»)\]]*\s+(?=[\"“«(\[¿¡]*[A-ZÀ-ÖØ-Þ0-9¿¡])")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:[A-Za-z]|e\.g|i\.e|approx|ca|cf|dept|dr|dra|ej|etc|ext|fig|inc|ltd|max|min|mr|mrs|ms|no|nº|núm|num|p|pág|pag|prof|"
    r"ref|sr|sra|srta|st|tel|vs|art|av|avda|nr|z\.B|bzw|Rs)\.$",
    re.IGNORECASE,
)


@cache
def _fillers() -> frozenset[str]:
    """Words of politeness and of asking itself, folded: they say nothing of what is asked."""
    return frozenset(Path(__file__).with_name("fillers.txt").read_text(encoding="utf-8").split())


@cache
def _common(language: str) -> frozenset[str]:
    return frozenset(word.casefold() for word in _STOPWORDS[language])


@cache
def _folded_stopwords(language: str) -> frozenset[str]:
    return frozenset(fold(word) for word in _STOPWORDS[language])


@cache
def _stemmer(language: str) -> Stemmer.Stemmer:
    return Stemmer.Stemmer(_STEMMERS[language])


@lru_cache(maxsize=20_000)
def is_common(word: str) -> bool:
    """Whether any of the languages counts the word among its commonest, or it is a word of politeness."""
    plain = fold(word)
    return plain in _fillers() or any(plain in _folded_stopwords(language) for language in LANGUAGES)


def detect_language(text: str, *, default: str = "en", among: tuple[str, ...] = LANGUAGES) -> str:
    """The language whose commonest words and letters the text shows most; `default` where nothing tells."""
    words = [word.casefold() for word in _WORD.findall(text[:4_000])]
    scores = dict.fromkeys(among, 0.0)
    for word in words:
        for language in among:
            if word in _common(language):
                scores[language] += 1.0
    lowered = text[:4_000].casefold()
    for letters, language in (("ñ¿¡", "es"), ("ãõ", "pt"), ("ßäö", "de"), ("œ", "fr")):
        if language in scores:
            scores[language] += 1.5 * sum(lowered.count(letter) for letter in letters)
    best = max(among, key=lambda language: (scores[language], language == default))
    return best if scores[best] > 0 else default


@lru_cache(maxsize=50_000)
def _stem(word: str, language: str) -> str:
    return fold(str(_stemmer(language).stemWord(word)))


def words_of(text: str) -> list[str]:
    """Lower-case words as they stand, accents kept."""
    return [word.replace("’", "'").removesuffix("'s") for word in _WORD.findall(unicodedata.normalize("NFKC", text).casefold())]


@lru_cache(maxsize=20_000)
def stems_in(sentence: str, language: str) -> frozenset[str]:
    """Which stems a sentence holds."""
    return frozenset(stems(sentence, language))


def content_words(text: str, language: str) -> list[str]:
    """The text's words in lower case, without its language's stopwords."""
    common = _folded_stopwords(language)
    return [word for word in words_of(text) if fold(word) not in common]


def question_words(text: str, language: str) -> list[str]:
    """What a question is about: its content words, each once, without greetings and the like."""
    return [word for word in dict.fromkeys(content_words(text, language)) if fold(word) not in _fillers()]


def stem(word: str, language: str) -> str:
    """The word's stem, folded; empty for a stopword."""
    return "" if fold(word) in _folded_stopwords(language) else _stem(word, language)


def stems(text: str, language: str) -> list[str]:
    """The text's content words, stemmed and folded; stopwords left out."""
    return [_stem(word, language) for word in content_words(text, language)]


@lru_cache(maxsize=4_000)
def sentences(text: str) -> tuple[str, ...]:
    """The text cut at the ends of sentences and at line breaks; abbreviations don't end one."""
    found: list[str] = []
    for line in text.split("\n"):
        start = 0
        for match in _SENTENCE_END.finditer(line):
            if _ABBREVIATION.search(line[start : match.start()]):
                continue
            found.append(line[start : match.end()].strip())
            start = match.end()
        found.append(line[start:].strip())
    return tuple(sentence for sentence in found if sentence)
