"""Customers' words folded: no accents, no capitals, one mark for all, and the commonest misspellings mended."""

import re
import unicodedata
from functools import lru_cache

_TOKEN = re.compile(r"\w+|[.,!?;:\n¿¡()…]")
END = "."
"""Stands for every mark that ends a part of a sentence."""

_SPELT = {
    "to": "2",
    "talk": "tlak talkk tallk",
    "speak": "spek speek spaek speack",
    "with": "w wit",
    "want": "wnt",
    "please": "pls plz plez pleas",
    "someone": "sb smn some1 sum1",
    "representative": "rep represenative representitive representetive",
    "person": "persn perosn",
    "quiero": "kiero qiero quieo qiro kero quero queiro quuero",
    "hablar": "ablar ablr hblar hablr avlar",
    "asesor": "acesor asessor azesor",
    "persona": "perzona presona pesona",
    "alguien": "alguen algien alguin",
    "por favor": "porfa porfavor xfa xfavor porfis pfv pf",
    "quero": "qro keru queru qero",
    "falar": "fala flar",
    "alguem": "algem alguen",
    "parler": "parle parlee",
    "veux": "veu ve",
    "personne": "persone",
    "quelqu un": "qqn qqun quelquun quelqun",
    "s il vous plait": "svp stp",
    "einem": "nem nen einm",
    "menschen": "menschn",
    "parlare": "parlar",
    "voglio": "volio vojo vogglio",
}
"""Words, and how they are misspelt where a letter's difference doesn't tell."""
_MENDED = {wrong: right for right, some in _SPELT.items() for wrong in some.split()}
_ALSO_WORDS = {"quero", "fala", "parle", "persone", "alguen", "ve", "rep", "pf"}
"""Misspellings that are words of another language: mended only where the words around them are of the language."""

_KEYS = tuple(
    """
    person human agent operator representative manager supervisor advisor colleague someone somebody anybody persona humano humana
    agente asesor asesora operador operadora representante encargado gerente alguien vendedor pessoa atendente alguem responsavel
    consultor conseiller conseillere humain personne responsable quelqu mitarbeiter menschen mensch berater jemandem jemand
    ansprechpartner kundenservice operatore umano qualcuno responsabile consulente hablar falar parler sprechen parlare quiero
    """.split()  # noqa: SIM905 # one line of words is read more easily than fifty lines of quotes
)
_KEY_SET = frozenset(_KEYS)
_NO_MISTAKES = frozenset(
    """
    persons personas pessoas personnes personen persone personal personne's humans humanos humanas humane humaine humains humaines
    umani agents agentes agenti agency managers operators operadores operadoras representatives asesores asesoria asesoro atendentes
    atende sprecht spreche sprach parlate parlato parle parles parlez parlo hablan hablas hablare falas falei falam fazer falta falhar
    vendedora vendedores responsables responsabili responsaveis advisors colleagues niemand niemandem jemanden operatori operator
    operato consulenti consulente consultora consultar consultors mitarbeiterin mitarbeitern beraten beratet heraten gerentes gerenta
    quiere quieres personaje personale humana umana umane mensche gerencia quero algum bailar marca halar hallar hablarle parlar
    palare
    """.split()  # noqa: SIM905 # the same
)


def _near(word: str, key: str) -> bool:
    """Whether one letter is missing, added, wrong, or changed places with its neighbour."""
    if word[0] != key[0] or abs(len(word) - len(key)) > 1:
        return False
    start = next((at for at, (one, other) in enumerate(zip(word, key, strict=False)) if one != other), min(len(word), len(key)))
    rest, wanted = word[start:], key[start:]
    if len(rest) == len(wanted):
        return rest[1:] == wanted[1:] or (rest[2:] == wanted[2:] and rest[:2] == wanted[1::-1])
    return rest[1:] == wanted or rest == wanted[1:]


@lru_cache(maxsize=20_000)
def _mended(word: str) -> str:
    if word in _MENDED and word not in _ALSO_WORDS:
        return _MENDED[word]
    if len(word) < 5 or word in _KEY_SET or word in _NO_MISTAKES or not word.isalpha():
        return word
    return next((key for key in _KEYS if _near(word, key)), word)


def fold(text: str) -> str:
    """Without capitals and accents."""
    if text.isascii():
        return text.lower()
    return "".join(char for char in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(char))


def plain(text: str) -> str:
    """The words with one space between them, `END` for marks, and at both ends."""
    words = [_mended(token) if token[0].isalnum() else END for token in _TOKEN.findall(fold(text))]
    return f"{END} {' '.join(words)} {END}"
