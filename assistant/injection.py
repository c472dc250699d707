"""Sentences that speak to a machine instead of a reader: they are taken out of what the model sees, so that nothing can rest on them.

A document is the owner's, but what stands in it may be anybody's: a pasted e-mail, a review, white text on white.
"""

import re

_GAP = r"\s+(?:\w+\s+){0,3}?"
_RULES = r"(?:instruction|rule|prompt|direction|guideline|message|command|polic)"
_REGLAS = r"(?:instru[cç]|regla|regra|orden|ordens|indicaci|prompt|mensaje|mensagen)"
_MUST = r"(?:must|should|shall|has to|have to|need to|needs to|are required|is required)"
_MACHINE = (
    r"(?:ai|a\.i\.|language model|chat ?bot|bot|assistant|asistente|assistente|ia|robot|modelo de lengua\w*"
    r"|modelo de linguagem|dan|ki|assistent)"
)
_ORDERS = (
    # to forget what it was told
    (
        rf"(?:ignor|disregard|forget|overrid|bypass)\w*{_GAP}(?:previous|prior|above|earlier|preceding|all|any|these|those|your|the|system)"
        rf"\s+(?:\w+\s+){{0,2}}?{_RULES}"
    ),
    rf"(?:ignor|olvid|descart|desconsider|esque[cç])\w*{_GAP}{_REGLAS}",
    rf"(?:ignor|oublie|vergiss|vergessen|missacht|dimentic)\w*{_GAP}(?:instruction|consigne|règle|anweisung|regel|istruzion|regol)",
    # in the form of a prompt
    r"\b(?:system|developer)\s*(?:prompt|message|instruction|note|override)s?\b|\bprompt\s+(?:injection|del\s+sistema|do\s+sistema)\b",
    r"^\W*(?:system|assistant|developer|sistema|asistente|assistente)\s*[:>\]]",
    r"<\|?\s*/?(?:im_start|im_end|system|assistant|user|endoftext|eot_id|start_header_id)\b|\[/?INST\]|###\s*(?:system|instruction|assistant)",
    # to be somebody, or to a machine by its name
    (
        r"\b(?:you are|you're|act as|pretend to be|eres|sos|actúa como|você é|aja como|du bist|tu es|sei)\s+(?:now\s+|ahora\s+|agora\s+)?"
        rf"(?:an?\s+|una?\s+|uma?\s+|eine?\s+|une?\s+)?(?:\w+\s+)?{_MACHINE}\b"
    ),
    rf"\b(?:ai|a\.i\.|virtual|language|chat ?bot)\s*(?:assistants?|models?|agents?|systems?|bots?)\b[^.!?\n]{{0,40}}\b{_MUST}\b",
    rf"\b(?:assistants?|chat ?bots?|bots?|llms?)\s+(?:reading|processing|{_MUST})\b",
    r"\b(?:asistentes?|assistentes?|chat ?bots?|bots?|ia)\s+(?:debes?|deben|deve[mr]?|tienes?|tem|têm)\b",
    # to say something to the customer
    (
        r"\b(?:tell|inform|answer|reply to|respond to|convince)\s+(?:the|every|all|any|each|your)\s+"
        r"(?:customer|user|client|buyer|visitor)s?\b[^.!?\n]*\b(?:that|with|to)\b"
    ),
    (
        r"\b(?:dile|diles|dígale|dí|responde|respóndele|informa|diga|responda|informe)\s+(?:a|al|a los|a las|a la|ao|à|aos|às)?\s*"
        r"(?:cliente|usuari|comprador)"
    ),
    r"\bwhen(?:ever)?\s+(?:you\s+(?:are\s+)?(?:answer|summar|asked|read|process)|asked\b)[^.!?\n]*\b(?:say|answer|reply|respond|write|output)\b",
    r"\b(?:output|respond|reply|answer)\s+(?:only\s+)?(?:with|in)\s+(?:the\s+following|json|exactly|this)\b",
    r"\b(?:reveal|print|show|repeat|revela|muestra|mostre|revele)\s+(?:\w+\s+){0,2}?(?:system|instructions|instrucciones|instruções|prompt)",
)
_SPEAKS_TO_MACHINE = re.compile("|".join(_ORDERS), re.IGNORECASE | re.MULTILINE)
_PIECE = re.compile(r"[^.!?\n]+(?:[.!?]+(?=\s|$)|[.!?](?=\S)|\n|$)+|[.!?\n]+")


def speaks_to_machine(text: str) -> bool:
    """Whether the words give orders to a language model (en, es, pt; the commonest ones in fr, de, it)."""
    return bool(_SPEAKS_TO_MACHINE.search(text))


def without_orders(text: str) -> str:
    """The text without the sentences that speak to a machine, and without the one after each of them: it often holds the order's object."""
    pieces = _PIECE.findall(text)
    kept: list[str] = []
    follows = False
    for piece in pieces:
        speaks = speaks_to_machine(piece)
        if not speaks and not follows:
            kept.append(piece)
        follows = speaks
    return text if len(kept) == len(pieces) else "".join(kept).strip()
