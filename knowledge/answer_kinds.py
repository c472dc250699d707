"""What kind of thing a question asks for (a price, a time, a place ...), and which kinds a text holds. English, Spanish, Portuguese."""

import re
from functools import lru_cache

from domain.folded_words import fold

_ASKS = {
    "price": (
        "how much (?!time|coffee|water)|price|costs?\\b|fees?\\b|charge|rates?\\b|expensive"
        "|cuanto (?:\\w+ ){0,3}(?:cuesta|salen?|vale|cobra|es\\b)|a cuanto|precio|tarifa|coste|costo|cuestan?\\b"
        "|quanto (?:\\w+ ){0,3}(?:custa|fica|sai|cobra|paga)|quanto e\\b|preco|valor\\b|custa"
    ),
    "duration": (
        "how long|how many (?:days|weeks|months|years|hours)|how fast|how soon|time ?frame"
        "|cuanto (?:tarda|demora|dura|tiempo)|cuantos (?:dias|meses|anos)|plazo|demora|por cuanto"
        "|quanto tempo|(?:quantos|em quantos) (?:dias|meses|anos)|prazo"
    ),
    "time": (
        "\\bwhen\\b|what time|(?:what|which) days?|opening|hours\\b|open on|close[sd]?\\b|timings?\\b|until when"
        "|cuando|a que hora|que dias?\\b|horario|abren|abris|abre\\b|cierra|hasta cuando|quando|que horas|que dia|fecha\\b|ate que"
    ),
    "place": (
        "\\bwhere (?:are|is (?:your|the)|r)\\b|address|adress|located|location|nearest|near me"
        "|direccion|donde (?:esta|estan|estais|quedan?)|ubicad|ubicacion|endereco|onde (?:fica|voces|vcs|e\\b|esta)"
    ),
    "contact": (
        "phone|telephone|e-?mail\\b|contact|whats ?app|\\bwsp\\b|\\bzap\\b|number\\b"
        "|telefono|telefone|numero|correo|contacto|contato|hablar con|falar com"
    ),
    "count": "how many|cuant[oa]s|quant[oa]s|number of",
    "person": r"\bwho\b|\bquien(?:es)?\b|\bquem\b|whose",
    "year": "(?:what|which) year|que ano\\b|founded|fundo|fundad",
}
_NUMBER = (
    "(?:\\d+|one|two|three|four|five|six|seven|eight|nine|ten|twelve|fourteen|fifteen|twenty|thirty|forty|fifty|sixty|ninety|hundred"
    "|uno?|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|quince|veinte|treinta|cuarenta|sesenta|noventa"
    "|dois|duas|quatro|sete|oito|nove|dez|doze|quinze|vinte|trinta|um|uma)"
)
_HOLDS = {
    "price": (
        "[$€£₹]\\s?\\d|\\d\\s?(?:€|usd\\b|eur\\b)|\\b(?:r\\$|rs\\.?|usd|eur|inr)\\s?\\d|\\bfree\\b|gratis|gratuit"
        "|\\b(?:euros?|pesos|pounds|dollars|reais|rupees|pence)\\b|sin (?:coste|cargo)|sem custo"
    ),
    "duration": rf"{_NUMBER}\s+(?:\w+\s+)?(?:minut|hour|hora|day|dia|week|semana|month|mes|year|ano)",
    "time": (
        "\\d{1,2}\\s?(?::\\d\\d|h\\b|am\\b|pm\\b|a\\.m|p\\.m|hs\\b|horas)|o'clock|\\bnoon\\b|until|hasta|\\bate\\b|\\b(?:1[5-9]|20)\\d\\d\\b"
        "|\\b(?:mon|tues|wednes|thurs|fri|satur|sun)day|\\b(?:lunes|martes|miercoles|jueves|viernes|sabado|domingo)s?\\b"
        "|\\b(?:segunda|terca|quarta|quinta|sexta)s?\\b"
        "|\\b(?:january|february|march|april|june|july|august|september|october|november|december)\\b"
        "|\\b(?:enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre)\\b"
        "|\\b(?:janeiro|fevereiro|marco|maio|junho|julho|setembro|outubro|novembro|dezembro)\\b"
    ),
    "place": (
        "\\b(?:street|road|avenue|lane|square|boulevard|calle|avenida|av\\.|avda|rua|praca|plaza|paseo|travessa|estrada|via|carrer|local)\\b"
        "|\\b\\d{1,4}[,.]? [a-z]+ (?:st|rd|ave)\\b"
    ),
    "contact": r"[\w.+-]+@[\w-]+\.\w+|(?:\+?\d[\s.()-]?){7,}",
    "count": rf"\b{_NUMBER}\b",
    "person": r"\b[A-ZÀ-Þ][\wà-ÿ'’]+ (?:(?:de|da|do|of|del|van|von) )?[A-ZÀ-Þ][\wà-ÿ'’]+",
    "year": r"\b(?:1[5-9]|20)\d\d\b",
}
CONCEPT_OF_KIND = {"price": "price", "duration": "duration", "time": "hours", "place": "place", "contact": "contact"}
"""A text that holds a price speaks of prices, whether or not it has a word for it."""
_ASKED = {kind: re.compile(pattern) for kind, pattern in _ASKS.items()}
_HELD = {kind: re.compile(pattern) for kind, pattern in _HOLDS.items()}


@lru_cache(maxsize=4_000)
def kinds_asked(question: str) -> frozenset[str]:
    """Names of the kinds; none where the question asks for no particular kind of thing."""
    plain = fold(question)
    return frozenset(kind for kind, pattern in _ASKED.items() if pattern.search(plain))


@lru_cache(maxsize=20_000)
def kinds_held(text: str) -> frozenset[str]:
    """Names are told by their capital letters; all else is looked for without case and accents."""
    plain = fold(text)
    return frozenset(kind for kind, pattern in _HELD.items() if pattern.search(text if kind == "person" else plain))


_FIGURE = re.compile(r"\d+(?:[.,]\d+)*")


def figures(text: str) -> frozenset[str]:
    """The numbers in a text, as they are written."""
    return frozenset(_FIGURE.findall(text))
