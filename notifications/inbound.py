"""Reads mails that answer customers, as they travelled or as SendGrid's Inbound Parse takes them apart. Pure."""

import json
import re
from email import message_from_bytes
from email.errors import MessageError
from email.message import EmailMessage
from email.parser import HeaderParser
from email.policy import default as mail_policy
from email.utils import getaddresses, parseaddr
from typing import Any

from domain.errors import InvalidInput
from domain.mail import MailForm, ReadMail, ReceivedMail
from domain.model import storable
from notifications.reply_text import own_words, words_of_html

LONGEST_ANSWER = 10_000

_AUTOMATIC_PRECEDENCE = frozenset({"bulk", "junk", "list", "auto_reply"})
_MACHINES = re.compile(r"^(mailer-daemon|postmaster|no-?reply|bounces?)([+\-.].*)?@", re.IGNORECASE)
_RESULT = re.compile(r"\b(spf|dkim|dmarc)\s*=\s*([a-z]+)", re.IGNORECASE)


def read_mail(mail: ReceivedMail) -> ReadMail:
    """Raises InvalidInput for what is no mail."""
    try:
        return _read_mime(mail.content) if mail.form is MailForm.MIME else _read_fields(mail.content)
    except (MessageError, ValueError, LookupError) as error:
        raise InvalidInput("This is no mail that can be read") from error


def _read_mime(content: bytes, *, proof: dict[str, str] | None = None) -> ReadMail:
    message = message_from_bytes(content, policy=mail_policy)
    if not isinstance(message, EmailMessage) or not message["From"]:
        raise InvalidInput("This is no mail that can be read")
    headers = [(name, str(value)) for name, value in message.items()]
    return _read(headers, _body(message), content_type=message.get_content_type(), proof=proof or _proof(headers))


def _read_fields(content: bytes) -> ReadMail:
    fields: dict[str, Any] = json.loads(content)
    proof = _sendgrid_proof(fields)
    if raw := fields.get("email"):
        return _read_mime(str(raw).encode("utf-8", "surrogateescape"), proof=proof)
    parsed = HeaderParser(policy=mail_policy).parsestr(str(fields.get("headers", "")))
    headers = [(name, str(value)) for name, value in parsed.items()]
    known = {name.lower() for name, _ in headers}
    headers += [(name, str(fields[name])) for name in ("from", "to", "subject") if name in fields and name not in known]
    for address in _envelope(fields):
        headers.append(("X-Envelope-To", address))
    text = str(fields.get("text") or "")
    words = text if text.strip() else words_of_html(str(fields.get("html") or ""))
    return _read(headers, words, content_type=parsed.get_content_type(), proof=proof)


def _envelope(fields: dict[str, Any]) -> list[str]:
    envelope = json.loads(fields.get("envelope") or "{}")
    return [str(address) for address in envelope.get("to", [])]


def _read(headers: list[tuple[str, str]], words: str, *, content_type: str, proof: dict[str, str]) -> ReadMail:
    def values(*names: str) -> list[str]:
        return [value for name, value in headers if name.lower() in names]

    sender = parseaddr(next(iter(values("from")), ""))[1].lower()
    message_id = next(iter(values("message-id")), "").strip().strip("<>")
    if not sender or not message_id:
        raise InvalidInput("The mail names no sender or has no Message-ID")
    recipients = getaddresses(values("to", "cc", "delivered-to", "x-original-to", "x-envelope-to"))
    return ReadMail(
        message_id=message_id,
        sender=sender,
        recipients=tuple(dict.fromkeys(address.lower() for _, address in recipients if address)),
        subject=next(iter(values("subject")), "")[:200],
        text=storable(own_words(words))[:LONGEST_ANSWER],
        automatic=_automatic(values, sender, content_type),
        proved=_judge(proof),
    )


def _automatic(values: Any, sender: str, content_type: str) -> str | None:
    """RFC 3834 and what programs did before it."""
    if any(value.split(";")[0].strip().lower() != "no" for value in values("auto-submitted")):
        return "an automatic answer"
    if values("x-autoreply", "x-autorespond", "x-auto-response-suppress") or _MACHINES.match(sender):
        return "an automatic answer"
    if any(value.strip().lower() in _AUTOMATIC_PRECEDENCE for value in values("precedence")) or values("list-id"):
        return "a mailing list or an automatic answer"
    if content_type == "multipart/report" or any(value.strip() == "<>" for value in values("return-path")):
        return "a bounce"
    return None


def _body(message: EmailMessage) -> str:
    plain, rich = message.get_body(("plain",)), message.get_body(("html",))
    if plain is not None and (text := str(plain.get_content())).strip():
        return text
    return words_of_html(str(rich.get_content())) if rich is not None else ""


def _proof(headers: list[tuple[str, str]]) -> dict[str, str]:
    """Only the topmost one counts: those below came with the mail, and anybody can write them."""
    first = next((value for name, value in headers if name.lower() == "authentication-results"), "")
    return {name.lower(): result.lower() for name, result in _RESULT.findall(first)}


def _sendgrid_proof(fields: dict[str, Any]) -> dict[str, str]:
    proof = {}
    if spf := str(fields.get("SPF") or "").strip().lower():
        proof["spf"] = spf
    if dkim := str(fields.get("dkim") or "").strip().lower():
        proof["dkim"] = "pass" if ": pass" in dkim else "fail" if "fail" in dkim else "none"
    return proof


def _judge(proof: dict[str, str]) -> bool | None:
    if not proof:
        return None
    if proof.get("dmarc") == "fail":
        return False
    results = {proof.get("spf"), proof.get("dkim")}
    if "pass" in results:
        return True
    return False if results & {"fail", "softfail", "permerror"} else None
