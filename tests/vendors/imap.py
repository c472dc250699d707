"""An IMAP server with one mailbox, as much of RFC 3501 as reading new mails needs; whatever changes the mailbox is a violation."""

import asyncio
import re
from email import message_from_bytes
from types import TracebackType
from typing import Self

USER, PASSWORD = "desk@shop.example", "a mailbox's password"


class ImapServer:
    def __init__(self) -> None:
        self.mails: dict[int, bytes] = {}
        self.validity = 7
        self.violations: list[str] = []
        self._server: asyncio.Server | None = None
        self.port = 0

    def deliver(self, mail: bytes) -> None:
        self.mails[max(self.mails, default=100) + 1] = mail

    @property
    def url(self) -> str:
        return f"imap://{USER.replace('@', '%40')}:{PASSWORD.replace(' ', '%20')}@127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._server is not None
        self._server.close()
        if kind is None:
            assert self.violations == []

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK ready\r\n")
        while line := await reader.readline():
            tag, _, command = line.decode().rstrip("\r\n").partition(" ")
            writer.write(self._answer(command) + f"{tag} ".encode() + self._ended(command) + b"\r\n")
            await writer.drain()
            if command.upper() == "LOGOUT":
                break
        writer.close()

    def _ended(self, command: str) -> bytes:
        if command.upper().startswith("LOGIN") and f'"{PASSWORD}"' not in command:
            return b"NO wrong"
        return b"OK done"

    def _answer(self, command: str) -> bytes:
        word = command.upper()
        if word.startswith(("CAPABILITY", "LOGIN", "LOGOUT")):
            return b"* CAPABILITY IMAP4rev1\r\n" if word.startswith("CAPABILITY") else b""
        if word.startswith("EXAMINE"):
            following = max(self.mails, default=100) + 1
            return (
                f"* {len(self.mails)} EXISTS\r\n* OK [UIDVALIDITY {self.validity}] ok\r\n* OK [UIDNEXT {following}] ok\r\n".encode()
                + b"* OK [READ-ONLY] ok\r\n"
            )
        if searched := re.fullmatch(r'UID SEARCH UID (\d+):\* TO "(.+)"', command):
            newest = max(self.mails, default=0)
            found = [uid for uid, mail in self.mails.items() if (uid >= int(searched[1]) or uid == newest) and searched[2] in _to(mail)]
            return f"* SEARCH {' '.join(map(str, found))}\r\n".encode()
        if fetched := re.fullmatch(r"UID FETCH (\d+) \(BODY\.PEEK\[\]<0\.(\d+)>\)", command):
            mail = self.mails[int(fetched[1])][: int(fetched[2])]
            return f"* 1 FETCH (UID {fetched[1]} BODY[]<0> {{{len(mail)}}}\r\n".encode() + mail + b")\r\n"
        self.violations.append(command)
        return b""


def _to(mail: bytes) -> str:
    return str(message_from_bytes(mail)["To"] or "")
