"""Tells managers by e-mail, over SMTP."""

from collections.abc import Sequence
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime, parseaddr
from pathlib import Path
from urllib.parse import unquote, urlsplit

import aiosmtplib
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from domain.errors import InvalidInput, NotTold
from domain.managers import Manager
from domain.model import Model
from domain.turns import Notice
from notifications.attempts import tell_each
from notifications.wording import flagged_at_in_words, notice_id, reason_in_words

TEMPLATES = Path(__file__).with_name("templates")
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

    `sender` is an address or `Name <address>`. A repeat of a notice carries the same Message-ID, so that mailboxes can drop it.
    """

    def __init__(self, smtp_url: str, sender: str, *, timeout: float = 20.0) -> None:
        self._relay = Relay.from_url(smtp_url)
        name, address = parseaddr(sender)
        try:
            self._sender = Address(display_name=name, addr_spec=address)
        except (MessageError, ValueError, IndexError) as error:
            raise InvalidInput("FRONTDESK_MAIL_FROM must be an address, or a name and an address in angle brackets") from error
        if not self._sender.domain or not sender.isprintable():
            raise InvalidInput("FRONTDESK_MAIL_FROM must be one address with a domain, on one line")
        self._timeout = timeout
        self._templates = Environment(
            loader=FileSystemLoader(TEMPLATES),
            undefined=StrictUndefined,
            autoescape=select_autoescape(["html"]),
            trim_blocks=True,
            lstrip_blocks=True,
        )

    async def tell(self, notice: Notice, people: Sequence[Manager], *, link: str) -> None:
        """Raises NotTold; every person is tried first."""

        async def mail(person: Manager) -> None:
            await self._hand_over(self.compose(notice, person, link=link))

        await tell_each(notice, people, mail)

    def compose(self, notice: Notice, person: Manager, *, link: str) -> EmailMessage:
        """Raises NotTold when the person's address can't stand in a header."""
        domain = self._sender.domain
        facts = {
            "name": " ".join(person.name.split()),
            "reason": reason_in_words(notice),
            "flagged_at": flagged_at_in_words(notice),
            "link": link,
        }
        message = EmailMessage(policy=SMTP_POLICY)
        try:
            message["To"] = Address(display_name=str(facts["name"]), addr_spec=person.email)
        except (MessageError, ValueError, IndexError) as error:
            raise NotTold("The manager's e-mail address can't be written to: correct it", retryable=False) from error
        message["From"] = self._sender
        message["Subject"] = f"A customer needs a person: {facts['reason']}"
        message["Date"] = format_datetime(datetime.now(UTC))
        message["Message-ID"] = f"<{notice_id(notice, person)}@{domain}>"
        message["References"] = f"<{notice.conversation_id}@{domain}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(self._templates.get_template("flagged.txt").render(facts))
        message.add_alternative(self._templates.get_template("flagged.html").render(facts), subtype="html")
        return message

    async def _hand_over(self, message: EmailMessage) -> None:
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


def _refused(what: str, code: int) -> NotTold:
    """RFC 5321: 4yz is worth another try, 5yz is not. The relay's own words are left out, they may repeat the address."""
    transient = 400 <= code < 500
    return NotTold(f"The mail relay refused {what} ({code}){', for now' if transient else ''}", retryable=transient)
