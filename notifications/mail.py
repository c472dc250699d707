"""Tells managers by e-mail, over SMTP."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime, localtime, parseaddr
from pathlib import Path
from urllib.parse import unquote, urlsplit

import aiosmtplib
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from domain.alarms import ChannelAlarm
from domain.errors import InvalidInput, NotTold
from domain.ids import derived_id
from domain.mail import ReadMail, ReplyOffer, ReplyOffers, ReplyTarget
from domain.managers import Manager
from domain.model import Model
from domain.notices import Digest, WaitingCustomer
from notifications.reply_text import MARK
from notifications.wording import headline, moment_in_words, reason_in_words

TEMPLATES = Path(__file__).with_name("templates")
MOST_LISTED = 20
"""Customers that a mail names; of the others it says how many they are."""
MOST_REFERENCES = 50
DEFAULT_PORTS = {"smtp": 587, "smtps": 465}
"""RFC 8314: submission with STARTTLS, and submission over TLS."""


class Relay(Model):
    """A mail relay, read from its URL."""

    host: str
    port: int
    username: str | None
    password: str | None
    tls: bool
    """TLS from the first byte."""
    start_tls: bool | None
    """True = refuse to go on without it; None = use it where the relay offers it."""

    @classmethod
    def from_url(cls, url: str) -> "Relay":
        """Reads `smtp://[user:password@]host[:port]` or `smtps://...`. Raises InvalidInput, without repeating the URL.

        A password is never sent over a connection without TLS.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise InvalidInput("FRONTDESK_SMTP_URL can't be read: write smtp://user:password@host:port or smtps://...") from error
        if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
            raise InvalidInput("FRONTDESK_SMTP_URL must begin with smtp:// or smtps:// and name a host")
        username = unquote(parts.username) if parts.username else None
        return cls(
            host=parts.hostname,
            port=port or DEFAULT_PORTS[parts.scheme],
            username=username,
            password=unquote(parts.password) if parts.password else None,
            tls=parts.scheme == "smtps",
            start_tls=False if parts.scheme == "smtps" else (True if username else None),
        )


class MailNotifier:
    """A `Notifier` over one mail relay.

    `sender` is an address or `Name <address>`, `base_url` the dashboard's address. The same message, tried again, carries the same
    Message-ID, so that mailboxes can drop it.
    """

    def __init__(
        self,
        smtp_url: str,
        sender: str,
        *,
        base_url: str,
        reply_to: str | None = None,
        offers: ReplyOffers | None = None,
        timeout: float = 20.0,
    ) -> None:
        self._relay = Relay.from_url(smtp_url)
        name, address = parseaddr(sender)
        try:
            self._sender = Address(display_name=name, addr_spec=address)
        except (MessageError, ValueError, IndexError) as error:
            raise InvalidInput("FRONTDESK_MAIL_FROM must be an address, or a name and an address in angle brackets") from error
        if not self._sender.domain or not sender.isprintable():
            raise InvalidInput("FRONTDESK_MAIL_FROM must be one address with a domain, on one line")
        self._base_url = base_url
        self._reply_to = _plus_address(reply_to) if reply_to and offers else None
        self._offers = offers
        self._timeout = timeout
        self._templates = Environment(
            loader=FileSystemLoader(TEMPLATES),
            undefined=StrictUndefined,
            autoescape=select_autoescape(["html"]),
            trim_blocks=True,
            lstrip_blocks=True,
        )

    async def tell(self, digest: Digest) -> None:
        """Raises NotTold."""
        await self.hand_over(self.compose(digest, await self._answerable(digest)))

    async def _answerable(self, digest: Digest) -> Mapping[str, ReplyOffer]:
        """By the conversation's id."""
        if self._offers is None or self._reply_to is None:
            return {}
        listed = digest.waiting[:MOST_LISTED]
        offers = {each.conversation_id: await self._offers.offer(each.conversation_id, digest.person.id, now=digest.at) for each in listed}
        return {conversation_id: offer for conversation_id, offer in offers.items() if offer is not None}

    async def refuse(self, mail: ReadMail, target: ReplyTarget, person: Manager, why: str, *, unseen: tuple[str, ...]) -> None:
        """Says why an answer was not sent. Where only something was unseen, the mail shows it and can be answered in its turn."""
        offer = None
        if unseen and self._offers is not None and self._reply_to is not None:
            offer = await self._offers.offer(target.conversation_id, person.id, now=datetime.now(UTC))
        message = self._addressed(person)
        message["Subject"] = "Your answer was not sent"
        message["Date"] = format_datetime(datetime.now(UTC))
        message["Message-ID"] = f"<{derived_id('refusal', mail.message_id)}@{self._sender.domain}>"
        message["In-Reply-To"] = (
            f"<{mail.message_id}>" if _is_message_id(mail.message_id) else f"<{target.conversation_id}@{self._sender.domain}>"
        )
        message["Auto-Submitted"] = "auto-replied"
        if offer is not None:
            message["Reply-To"] = self._reply_address(offer)
        facts = {
            "name": _on_one_line(person.name),
            "mark": MARK if offer is not None else "",
            "why": why,
            "text": mail.text,
            "words": offer.words if offer is not None else (),
            "link": f"{self._base_url}/conversations/{target.conversation_id}",
        }
        message.set_content(self._templates.get_template("refused.txt").render(facts))
        message.add_alternative(self._templates.get_template("refused.html").render(facts), subtype="html")
        await self.hand_over(message)

    def _reply_address(self, offer: ReplyOffer) -> str:
        assert self._reply_to is not None
        local, domain = self._reply_to
        return f"{local}+{offer.token}@{domain}"

    def compose(self, digest: Digest, answerable: Mapping[str, ReplyOffer] | None = None) -> EmailMessage:
        """`answerable` says which conversations can be answered by mail. Raises NotTold if the person's address can't stand in a header."""
        offers = answerable or {}
        domain = self._sender.domain
        message = self._addressed(digest.person)
        message["Subject"] = headline(digest)
        message["Date"] = format_datetime(digest.at)
        message["Message-ID"] = f"<{digest.id}@{domain}>"
        message["References"] = " ".join(f"<{customer.conversation_id}@{domain}>" for customer in digest.waiting[:MOST_REFERENCES])
        message["Auto-Submitted"] = "auto-generated"
        if len(digest.waiting) == 1 and offers:
            message["Reply-To"] = self._reply_address(next(iter(offers.values())))
        facts = {
            "name": _on_one_line(digest.person.name),
            "mark": MARK if len(digest.waiting) == 1 and offers else "",
            "private": not offers,
            "headline": headline(digest),
            "customers": [self._described(customer, offers.get(customer.conversation_id)) for customer in digest.waiting[:MOST_LISTED]],
            "more": max(0, len(digest.waiting) - MOST_LISTED),
            "list_link": f"{self._base_url}/inbox/mine",
            "settings_link": f"{self._base_url}/notifications",
        }
        message.set_content(self._templates.get_template("waiting.txt").render(facts))
        message.add_alternative(self._templates.get_template("waiting.html").render(facts), subtype="html")
        return message

    async def warn(self, alarm: ChannelAlarm, person: Manager) -> None:
        """The same alarm, told again, carries the same Message-ID. Raises NotTold."""
        domain = self._sender.domain
        message = self._addressed(person)
        name = _on_one_line(alarm.inbox_name)
        message["Subject"] = f"{name} needs a new login" if alarm.ends_at is None else f"{name} will soon need a new login"
        message["Date"] = format_datetime(localtime())
        message["Message-ID"] = f"<alarm-{derived_id(alarm.inbox_id, alarm.since.isoformat(), person.id)}@{domain}>"
        message["Auto-Submitted"] = "auto-generated"
        facts = {
            "name": _on_one_line(person.name),
            "inbox": name,
            "problem": _on_one_line(alarm.problem),
            "since": moment_in_words(alarm.since),
            "ends_at": None if alarm.ends_at is None else moment_in_words(alarm.ends_at),
            "link": f"{self._base_url}/channels/{alarm.inbox_id}",
        }
        message.set_content(self._templates.get_template("alarm.txt").render(facts))
        await self.hand_over(message)

    def _described(self, customer: WaitingCustomer, offer: ReplyOffer | None) -> dict[str, object]:
        return {
            "reason": reason_in_words(customer),
            "inbox": _on_one_line(customer.inbox_name),
            "flagged_at": moment_in_words(customer.flagged_at),
            "link": f"{self._base_url}/conversations/{customer.conversation_id}",
            "words": offer.words if offer else (),
            "mailto": f"mailto:{self._reply_address(offer)}" if offer else "",
        }

    def _addressed(self, person: Manager) -> EmailMessage:
        message = EmailMessage(policy=SMTP_POLICY)
        try:
            message["To"] = Address(display_name=_on_one_line(person.name), addr_spec=person.email)
        except (MessageError, ValueError, IndexError) as error:
            raise NotTold("The manager's e-mail address can't be written to: correct it", retryable=False) from error
        message["From"] = self._sender
        return message

    async def hand_over(self, message: EmailMessage) -> None:
        relay = self._relay
        try:
            await aiosmtplib.send(
                message,
                hostname=relay.host,
                port=relay.port,
                username=relay.username,
                password=relay.password,
                use_tls=relay.tls,
                start_tls=relay.start_tls,
                timeout=self._timeout,
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            codes = [refused.code for refused in error.recipients]
            raise _refused("the manager's address", min(codes, default=550)) from error
        except aiosmtplib.SMTPAuthenticationError as error:
            raise _refused("our user name and password", error.code) from error
        except aiosmtplib.SMTPResponseException as error:
            raise _refused("the message", error.code) from error
        except OSError as error:  # connection errors and time-outs of aiosmtplib are OSErrors too
            raise NotTold("The mail relay could not be reached, or hung up", retryable=True) from error
        except aiosmtplib.SMTPException as error:
            lacks = "STARTTLS (try smtps://), a sign-in, or addresses outside ASCII"
            raise NotTold(f"The mail relay lacks what this needs: {lacks}", retryable=False) from error


def _plus_address(address: str) -> tuple[str, str]:
    """Local part and domain; a token is put behind the local part with a plus. Raises InvalidInput."""
    local, _, domain = address.strip().rpartition("@")
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,39}", local) or not re.fullmatch(r"[A-Za-z0-9.-]+", domain):
        raise InvalidInput(
            "FRONTDESK_MAIL_REPLY_TO must be an address whose part before the @ has at most 39 plain characters, without a plus"
        )
    return local, domain


def _is_message_id(text: str) -> bool:
    return bool(re.fullmatch(r"[\x21-\x3b\x3d\x3f-\x7e]{1,250}", text))


def _on_one_line(text: str) -> str:
    return " ".join(text.split())


def _refused(what: str, code: int) -> NotTold:
    """RFC 5321: 4yz is worth another try, 5yz is not. The relay's own words are left out, they may repeat the address."""
    transient = 400 <= code < 500
    return NotTold(f"The mail relay refused {what} ({code}){', for now' if transient else ''}", retryable=transient)
