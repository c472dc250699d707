"""Every word of the chat page, per language. What the bot and people write is not here."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Texts:
    """One language's words; the fields are named by where they stand."""

    language: str
    greeting: str
    """Shown when the inbox has none of its own."""
    ready: str
    person_here: str
    """`{name}` has the conversation."""
    person_here_unnamed: str
    waiting: str
    waiting_more: str
    talk_to_person: str
    person_short: str
    """The same where there is little room; a word of `talk_to_person`."""
    ask_for_person: str
    """What the button sends; `domain.person_requests.asks_for_person` must recognise it."""
    write: str
    send: str
    attach: str
    remove: str
    close: str
    messages: str
    you: str
    bot: str
    person: str
    typing: str
    sending: str
    sent: str
    failed: str
    retry: str
    reconnecting: str
    back: str
    new_messages: str
    source: str
    """`{document}` and `{page}`."""
    sent_notice: str
    refresh: str
    too_large: str
    too_many_files: str
    unreadable_file: str
    too_long: str
    nothing: str
    too_fast: str
    unreachable: str
    open_chat: str


ENGLISH = Texts(
    language="en",
    greeting="Hi! What would you like to know?",
    ready="Usually answers at once",
    person_here="{name} is answering you",
    person_here_unnamed="A person is answering you",
    waiting="A person will answer here",
    waiting_more="You can close this page: the answer will be here when you come back.",
    talk_to_person="Talk to a person",
    person_short="Person",
    ask_for_person="I would like to talk to a person",
    write="Write a message",
    send="Send",
    attach="Attach an image or PDF",
    remove="Remove",
    close="Close chat",
    messages="Messages",
    you="You",
    bot="Assistant",
    person="Team",
    typing="Assistant is writing",
    sending="Sending",
    sent="Sent",
    failed="Not sent",
    retry="Try again",
    reconnecting="Reconnecting. New messages may be late.",
    back="Up to date",
    new_messages="New message",
    source="From: {document}, p. {page}",
    sent_notice="Your message was sent. The answer will appear here.",
    refresh="Show new messages",
    too_large="Files may have 10 MB in all.",
    too_many_files="Send at most 5 files at once.",
    unreadable_file="Only images (PNG, JPEG, GIF, WebP) and PDF can be sent.",
    too_long="A message may have 4,000 characters. Send it in parts.",
    nothing="Write something first.",
    too_fast="That was a lot at once. Try again in a moment.",
    unreachable="We can't take messages right now. Try again in a moment.",
    open_chat="Open chat",
)

SPANISH = Texts(
    language="es",
    greeting="¡Hola! ¿Qué te gustaría saber?",
    ready="Suele responder al instante",
    person_here="Te responde {name}",
    person_here_unnamed="Te responde una persona",
    waiting="Una persona te responderá aquí",
    waiting_more="Puedes cerrar esta página: la respuesta estará aquí cuando vuelvas.",
    talk_to_person="Hablar con una persona",
    person_short="Persona",
    ask_for_person="Quiero hablar con una persona",
    write="Escribe un mensaje",
    send="Enviar",
    attach="Adjuntar una imagen o un PDF",
    remove="Quitar",
    close="Cerrar el chat",
    messages="Mensajes",
    you="Tú",
    bot="Asistente",
    person="Equipo",
    typing="El asistente está escribiendo",
    sending="Enviando",
    sent="Enviado",
    failed="No enviado",
    retry="Reintentar",
    reconnecting="Reconectando. Los mensajes nuevos pueden tardar.",
    back="Al día",
    new_messages="Mensaje nuevo",
    source="De: {document}, p. {page}",
    sent_notice="Tu mensaje se envió. La respuesta aparecerá aquí.",
    refresh="Ver mensajes nuevos",
    too_large="Los archivos pueden sumar 10 MB.",
    too_many_files="Envía como máximo 5 archivos a la vez.",
    unreadable_file="Solo se pueden enviar imágenes (PNG, JPEG, GIF, WebP) y PDF.",
    too_long="Un mensaje puede tener 4.000 caracteres. Envíalo por partes.",
    nothing="Escribe algo primero.",
    too_fast="Fueron muchos mensajes seguidos. Inténtalo en un momento.",
    unreachable="Ahora no podemos recibir mensajes. Inténtalo en un momento.",
    open_chat="Abrir el chat",
)

PORTUGUESE = Texts(
    language="pt",
    greeting="Olá! O que você gostaria de saber?",
    ready="Costuma responder na hora",
    person_here="{name} está respondendo",
    person_here_unnamed="Uma pessoa está respondendo",
    waiting="Uma pessoa vai responder aqui",
    waiting_more="Você pode fechar esta página: a resposta estará aqui quando voltar.",
    talk_to_person="Falar com uma pessoa",
    person_short="Pessoa",
    ask_for_person="Quero falar com uma pessoa",
    write="Escreva uma mensagem",
    send="Enviar",
    attach="Anexar uma imagem ou um PDF",
    remove="Remover",
    close="Fechar o chat",
    messages="Mensagens",
    you="Você",
    bot="Assistente",
    person="Equipe",
    typing="O assistente está escrevendo",
    sending="Enviando",
    sent="Enviada",
    failed="Não enviada",
    retry="Tentar de novo",
    reconnecting="Reconectando. Novas mensagens podem demorar.",
    back="Tudo em dia",
    new_messages="Nova mensagem",
    source="De: {document}, p. {page}",
    sent_notice="Sua mensagem foi enviada. A resposta aparecerá aqui.",
    refresh="Ver novas mensagens",
    too_large="Os arquivos podem somar 10 MB.",
    too_many_files="Envie no máximo 5 arquivos por vez.",
    unreadable_file="Só é possível enviar imagens (PNG, JPEG, GIF, WebP) e PDF.",
    too_long="Uma mensagem pode ter 4.000 caracteres. Envie em partes.",
    nothing="Escreva algo primeiro.",
    too_fast="Foram muitas mensagens seguidas. Tente de novo em instantes.",
    unreachable="No momento não conseguimos receber mensagens. Tente de novo em instantes.",
    open_chat="Abrir o chat",
)

LANGUAGES = {texts.language: texts for texts in (ENGLISH, SPANISH, PORTUGUESE)}


def preferred(accept_language: str) -> tuple[str, ...]:
    """The tags of an Accept-Language header, most wanted first; unreadable ones are left out."""
    weighted: list[tuple[float, str]] = []
    for part in accept_language.split(",")[:20]:
        tag, _, parameter = part.strip().partition(";")
        tag = tag.strip()
        if not tag.replace("-", "").isalnum() or not tag.isascii() or len(tag) > 35:
            continue
        try:
            weight = float(parameter.strip().removeprefix("q=")) if parameter else 1.0
        except ValueError:
            weight = 0.0
        weighted.append((-weight, tag))
    return tuple(tag for _, tag in sorted(weighted, key=lambda pair: pair[0]))


def texts_for(accept_language: str, wanted: str | None = None) -> Texts:
    """The page's words in the first language that we have; `wanted` (the widget's host page says) comes first. Else English."""
    for tag in (*((wanted,) if wanted else ()), *preferred(accept_language)):
        if (found := LANGUAGES.get(tag.split("-")[0].lower())) is not None:
            return found
    return ENGLISH
