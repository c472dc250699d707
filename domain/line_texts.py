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
    PERSON_OFFER = "person_offer_line"
    PERSON_BUTTON = "person_button"
    """The quick reply under it; `domain.person_requests` understands each of its texts."""
    UNREADABLE = "unreadable_line"
    WAIT = "wait_line"
    """Follows the holding line; `{time}` is how long it usually takes."""
    CLOSED = "closed_line"
    """Follows the holding line outside business hours; `{when}` is the next opening."""
    SAID_BEFORE = "said_before_line"
    """A manager has answered the same question: `{text}` is the manager's answer."""
    SOURCES = "sources_line"
    """Where an answer comes from; `{sources}` is documents and pages."""


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
            "en": "Thank you for your message. A colleague will answer you here as soon as possible.",
            "es": "Gracias por tu mensaje. Una persona de nuestro equipo te responderá por aquí en cuanto sea posible.",
            "pt": "Obrigado pela sua mensagem. Uma pessoa da nossa equipe vai responder por aqui assim que possível.",
            "fr": "Merci pour votre message. Une personne de notre équipe vous répondra ici dès que possible.",
            "de": "Danke für Ihre Nachricht. Jemand aus unserem Team antwortet Ihnen hier so bald wie möglich.",
            "it": "Grazie per il tuo messaggio. Una persona del nostro team ti risponderà qui appena possibile.",
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
        LineKey.PERSON_OFFER: {
            "en": "It seems that my answers are not what you need. Would you like to talk to a person?",
            "es": "Parece que mis respuestas no son lo que necesitas. ¿Quieres hablar con una persona?",
            "pt": "Parece que as minhas respostas não são o que você precisa. Quer falar com uma pessoa?",
            "fr": "Il semble que mes réponses ne vous aident pas. Voulez-vous parler à une personne ?",
            "de": "Meine Antworten scheinen nicht zu helfen. Möchten Sie mit einem Menschen sprechen?",
            "it": "Sembra che le mie risposte non siano quello che ti serve. Vuoi parlare con una persona?",
        },
        LineKey.PERSON_BUTTON: {
            "en": "Talk to a person",
            "es": "Hablar con una persona",
            "pt": "Falar com uma pessoa",
            "fr": "Parler à une personne",
            "de": "Mit einem Menschen sprechen",
            "it": "Parlare con una persona",
        },
        LineKey.UNREADABLE: {
            "en": "I can't read this kind of message. Could you write it in words, please?",
            "es": "No puedo leer este tipo de mensaje. ¿Podrías escribirlo con palabras, por favor?",
            "pt": "Não consigo ler este tipo de mensagem. Você poderia escrever em palavras, por favor?",
            "fr": "Je ne peux pas lire ce type de message. Pourriez-vous l'écrire, s'il vous plaît ?",
            "de": "Diese Art von Nachricht kann ich nicht lesen. Könnten Sie es bitte in Worten schreiben?",
            "it": "Non riesco a leggere questo tipo di messaggio. Potresti scriverlo a parole, per favore?",
        },
        LineKey.WAIT: {
            "en": "Most customers get their answer within {time}.",
            "es": "La mayoría recibe su respuesta en menos de {time}.",
            "pt": "A maioria recebe a resposta em até {time}.",
            "fr": "La plupart des clients reçoivent leur réponse en moins de {time}.",
            "de": "Die meisten erhalten ihre Antwort innerhalb von {time}.",
            "it": "La maggior parte riceve risposta entro {time}.",
        },
        LineKey.CLOSED: {
            "en": "We are closed right now and back {when}.",
            "es": "Ahora mismo estamos cerrados; volvemos {when}.",
            "pt": "Estamos fechados agora; voltamos {when}.",
            "fr": "Nous sommes fermés en ce moment ; de retour {when}.",
            "de": "Wir haben gerade geschlossen und sind {when} wieder da.",
            "it": "In questo momento siamo chiusi; torniamo {when}.",
        },
        LineKey.SAID_BEFORE: {
            "en": "As we wrote before: {text}",
            "es": "Como te escribimos antes: {text}",
            "pt": "Como escrevemos antes: {text}",
            "fr": "Comme nous vous l'avons écrit : {text}",
            "de": "Wie wir Ihnen schon geschrieben haben: {text}",
            "it": "Come ti abbiamo già scritto: {text}",
        },
        LineKey.SOURCES: {
            "en": "From: {sources}",
            "es": "Fuente: {sources}",
            "pt": "Fonte: {sources}",
            "fr": "Source : {sources}",
            "de": "Quelle: {sources}",
            "it": "Fonte: {sources}",
        },
    }
)

WEEKDAYS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
        "es": ("el lunes", "el martes", "el miércoles", "el jueves", "el viernes", "el sábado", "el domingo"),
        "pt": ("segunda-feira", "terça-feira", "quarta-feira", "quinta-feira", "sexta-feira", "sábado", "domingo"),
        "fr": ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
        "de": ("am Montag", "am Dienstag", "am Mittwoch", "am Donnerstag", "am Freitag", "am Samstag", "am Sonntag"),
        "it": ("lunedì", "martedì", "mercoledì", "giovedì", "venerdì", "sabato", "domenica"),
    }
)
TODAY: Mapping[str, str] = MappingProxyType({"en": "today", "es": "hoy", "pt": "hoje", "fr": "aujourd'hui", "de": "heute", "it": "oggi"})
"""With a time behind them: "Monday 9:00"."""
