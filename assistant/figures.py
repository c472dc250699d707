"""The figures of a text: numbers as digits or words, with their units, made comparable across notations and six languages."""

import re
from collections.abc import Mapping

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_THOUSANDS = re.compile(r"\d{1,3}(?:[.,]\d{3})+")
_FULL_HOUR = re.compile(r"(?<!\d)(\d{1,2})(?::00|h00)(?!\d)")
"""`18:00` is 18."""
_WORD = re.compile(r"[^\W\d_]+")
_WORDS = """
1 one un una uno um uma ein eine une
2 two dos dois duas deux zwei due
3 three tres três trois drei tre
4 four cuatro quatro quatre vier quattro
5 five cinco cinq fünf cinque
6 six seis sechs sei
7 seven siete sete sept sieben sette
8 eight ocho oito huit acht otto
9 nine nueve nove neuf neun
10 ten diez dez dix zehn dieci
11 eleven once onze elf undici
12 twelve doce doze douze zwölf dodici
14 fourteen catorce quatorze vierzehn quattordici
15 fifteen quince quinze fünfzehn quindici
20 twenty veinte vinte vingt zwanzig venti
24 vierundzwanzig ventiquattro veinticuatro
30 thirty treinta trinta trente dreißig trenta
48 achtundvierzig quarantotto
50 fifty cincuenta cinquenta cinquante fünfzig cinquanta
60 sixty sesenta sessenta soixante sechzig sessanta
90 ninety noventa neunzig novanta
100 hundred cien ciento cem cent hundert cento
1000 thousand mil mille tausend
"""
_NUMBER_WORDS: Mapping[str, str] = {word: line.split()[0] for line in _WORDS.split("\n") if line for word in line.split()[1:]}
_OTHER_MEANINGS = frozenset(
    {"one", "un", "una", "uno", "um", "uma", "ein", "eine", "une", "due", "once", "sei", "mil", "mille", "elf", "cent"}
)
"""Words that are no number most of the time, in one language or another: they prove a figure but claim none."""

_UNITS = {
    unit: re.compile(rf"(?<![^\W\d_])(?:{words})(?![^\W\d_])", re.IGNORECASE)
    for unit, words in {
        "percent": r"%|percent|per cent|por ciento|por cento|pour cent|prozent|per cento",
        "euro": r"€|eur|euros?",
        "dollar": r"us\$|\$|usd|dollars?|d[oó]lar(?:es)?|dollari|dólares",
        "pound": r"£|gbp|pounds?|libras?",
        "real": r"r\$|brl|reais",
        "peso": r"pesos?|ars|clp|mxn|uyu",
        "minute": r"min|mins|minutes?|minutos?|minuten?|minuti|minuto",
        "hour": r"h|hs|hrs?|hours?|horas?|heures?|stunden?|or[ae]",
        "day": r"days?|d[ií]as?|dias?|jours?|tage[ns]?|giorn[oi]",
        "week": r"weeks?|semanas?|semaines?|wochen?|settiman[ae]",
        "month": r"months?|mes(?:es)?|mês|mois|monate?n?|mes[ei]",
        "year": r"years?|años?|anos?|ans|année?s?|jahre?n?|ann[oi]",
        "kilogram": r"kg|kgs|kilos?|kilograms?|kilogramos?|quilos?",
        "kilometre": r"kms?|kilomet(?:er|re)s?|kil[oó]metros?|quil[oô]metros?",
    }.items()
}


def _plain(number: str) -> str:
    """`1.500` and `1,500` are 1500, `18.00` and `18,00` are 18, `18.50` is 18.5."""
    if _THOUSANDS.fullmatch(number):
        return re.sub(r"[.,]", "", number)
    head, _, tail = number.replace(",", ".").rpartition(".")
    if not head:
        return str(int(number))
    tail = tail.rstrip("0")
    whole = str(int(head.replace(".", "")))
    return f"{whole}.{tail}" if tail else whole


def figures(text: str, *, claimed: bool = False) -> frozenset[str]:
    """Every number in the text. `claimed`: words that mostly mean something else are left out."""
    found = {_plain(number) for number in _NUMBER.findall(_FULL_HOUR.sub(r"\1", text))}
    for word in _WORD.findall(text.casefold()):
        if word in _NUMBER_WORDS and not (claimed and word in _OTHER_MEANINGS):
            found.add(_NUMBER_WORDS[word])
    return frozenset(found)


def units(text: str) -> frozenset[str]:
    """Currencies and measures that the text names."""
    return frozenset(unit for unit, pattern in _UNITS.items() if pattern.search(text))
