"""The fixed lines that customers hear, in the languages they are written in. A line that an inbox sets itself stands in its policy."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

LANGUAGES = ("en", "es", "pt", "fr", "de", "it")
"""Languages that every line is written in."""


class LineKey(StrEnum):
    """A fixed line, by its `--set` name; `{name}_{language}` sets it for one language alone."""

    GREETING = "greeting"
    HOLDING = "holding_line"
    APOLOGY = "apology_line"
    OFFER = "offer_line"
    TALKING_TO = "talking_to_line"
    """Somebody took the conversation; `{name}` is who."""
    BOT_BACK = "bot_back_line"


TEXTS: Mapping[LineKey, Mapping[str, str]] = MappingProxyType(
    {
        LineKey.GREETING: {
            "en": "Hello! How can we help you?",
            "es": "¡Hola! ¿En qué podemos ayudarte?",
            "pt": "Olá! Como podemos ajudar?",
            "fr": "Bonjour ! Comment pouvons-nous vous aider ?",
            "de": "Hallo! Wie können wir Ihnen helfen?",
            "it": "Ciao! Come possiamo aiutarti?",
        },
        LineKey.HOLDING: {
            "en": "Thank you for your message. A colleague will answer you here shortly.",
            "es": "Gracias por tu mensaje. Una persona de nuestro equipo te responderá por aquí en breve.",
            "pt": "Obrigado pela sua mensagem. Uma pessoa da nossa equipe vai responder por aqui em breve.",
            "fr": "Merci pour votre message. Une personne de notre équipe vous répondra ici sous peu.",
            "de": "Danke für Ihre Nachricht. Jemand aus unserem Team antwortet Ihnen hier in Kürze.",
            "it": "Grazie per il tuo messaggio. Una persona del nostro team ti risponderà qui a breve.",
        },
        LineKey.APOLOGY: {
            "en": "We are sorry that nobody could answer you yet. Your question stays on our list.",
            "es": "Sentimos que nadie haya podido responderte todavía. Tu pregunta sigue en nuestra lista.",
            "pt": "Sentimos muito que ninguém tenha conseguido responder ainda. A sua pergunta continua na nossa lista.",
            "fr": "Nous sommes désolés que personne n'ait encore pu vous répondre. Votre question reste sur notre liste.",
            "de": "Es tut uns leid, dass Ihnen noch niemand antworten konnte. Ihre Frage bleibt auf unserer Liste.",
            "it": "Ci dispiace che nessuno abbia ancora potuto risponderti. La tua domanda resta nella nostra lista.",
        },
        LineKey.OFFER: {
            "en": "Did you mean one of these?",
            "es": "¿Te refieres a alguna de estas preguntas?",
            "pt": "Você quis dizer uma destas perguntas?",
            "fr": "Vouliez-vous poser l'une de ces questions ?",
            "de": "Meinten Sie eine dieser Fragen?",
            "it": "Intendevi una di queste domande?",
        },
        LineKey.TALKING_TO: {
            "en": "You are talking to {name} now.",
            "es": "Ahora hablas con {name}.",
            "pt": "Agora você está falando com {name}.",
            "fr": "Vous parlez maintenant avec {name}.",
            "de": "Sie sprechen jetzt mit {name}.",
            "it": "Ora stai parlando con {name}.",
        },
        LineKey.BOT_BACK: {
            "en": "Our assistant is answering again.",
            "es": "Nuestro asistente vuelve a responder.",
            "pt": "Nosso assistente voltou a responder.",
            "fr": "Notre assistant répond à nouveau.",
            "de": "Unser Assistent antwortet wieder.",
            "it": "Il nostro assistente risponde di nuovo.",
        },
    }
)
