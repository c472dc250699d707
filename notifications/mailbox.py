"""Reads new mails out of one IMAP mailbox: those that were sent to a reply address, and no others.

The mailbox is opened read-only, so that nothing in it changes: it may be the one that a person uses. How far it was read is kept by UID.
"""

import imaplib
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from domain.errors import InvalidInput

MOST_BYTES = 2_000_000
"""Of one mail; its words come before its attachments."""
MOST_AT_ONCE = 50
TIMEOUT_SECONDS = 30
_PORTS = {"imap": 143, "imaps": 993}


@dataclass(frozen=True)
class Mailbox:
    host: str
    port: int
    tls: bool
    user: str
    password: str
    folder: str
    reply_to: str
    """Mails to this address, with something behind a plus, are looked for."""

    @classmethod
    def from_url(cls, url: str, reply_to: str) -> "Mailbox":
        """Reads `imaps://user:password@host[:port][/folder]`. Raises InvalidInput, without repeating the URL."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise InvalidInput("FRONTDESK_IMAP_URL can't be read: write imaps://user:password@host/INBOX") from error
        if parts.scheme not in _PORTS or not parts.hostname or not parts.username or not parts.password:
            raise InvalidInput("FRONTDESK_IMAP_URL must be imaps://user:password@host, with an @ in the user's name written as %40")
        return cls(
            host=parts.hostname,
            port=port or _PORTS[parts.scheme],
            tls=parts.scheme == "imaps",
            user=unquote(parts.username),
            password=unquote(parts.password),
            folder=unquote(parts.path.strip("/")) or "INBOX",
            reply_to=reply_to,
        )

    @property
    def name(self) -> str:
        """For the row that keeps its position."""
        return f"{self.user}@{self.host}/{self.folder}"

    def new_mails(self, position: tuple[int, int] | None) -> tuple[tuple[int, int], list[bytes]]:
        """Blocking. Mails with a token, newer than the position (UIDVALIDITY and UID), and the position after them.

        A mailbox that is opened for the first time, or was made anew, is read from now on. Raises OSError.
        """
        try:
            client = imaplib.IMAP4_SSL if self.tls else imaplib.IMAP4
            connection = client(self.host, self.port, timeout=TIMEOUT_SECONDS)
            try:
                connection.login(self.user, self.password)
                return self._look(connection, position)
            finally:
                connection.logout()
        except imaplib.IMAP4.error as error:
            raise ConnectionError("the mailbox refused: check user, password and folder in FRONTDESK_IMAP_URL") from error

    def _look(self, connection: imaplib.IMAP4, position: tuple[int, int] | None) -> tuple[tuple[int, int], list[bytes]]:
        _ok(connection.select(_quoted(self.folder), readonly=True))
        validity, newest = _number(connection, "UIDVALIDITY"), _number(connection, "UIDNEXT") - 1
        if position is None or position[0] != validity:
            return (validity, newest), []
        last = position[1]
        local = self.reply_to.rpartition("@")[0]
        found = _ok(connection.uid("SEARCH", f"UID {last + 1}:*", "TO", _quoted(f"{local}+")))
        # `n:*` always names the newest mail, be it older than n.
        uids = sorted(uid for part in found for uid in map(int, part.split()) if uid > last)[:MOST_AT_ONCE]
        mails = [mail for uid in uids if (mail := self._fetch(connection, uid)) is not None]
        return (validity, uids[-1] if len(uids) == MOST_AT_ONCE else max([newest, last, *uids])), mails

    def _fetch(self, connection: imaplib.IMAP4, uid: int) -> bytes | None:
        status, parts = connection.uid("FETCH", str(uid), f"(BODY.PEEK[]<0.{MOST_BYTES}>)")
        return next((bytes(part[1]) for part in parts if isinstance(part, tuple)), None) if status == "OK" else None


def _number(connection: imaplib.IMAP4, name: str) -> int:
    _, values = connection.response(name)
    return int(values[0]) if values and values[0] else 0


def _ok(answer: tuple[str, Sequence[bytes | None]]) -> list[bytes]:
    status, data = answer
    if status != "OK":
        raise imaplib.IMAP4.error(f"the mailbox answered {status}")
    return [part for part in data if part]


def _quoted(word: str) -> str:
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'
