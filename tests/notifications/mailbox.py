"""A real SMTP server for tests, with the answers that a relay gives on a bad day."""

import asyncio
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope, Session


class Mailbox:
    """An SMTP server's handler. `refuse_data` and `refuse_recipient` are answers given out once each, then mail is accepted."""

    def __init__(self) -> None:
        self.received: list[EmailMessage] = []
        self.refuse_data: list[str] = []
        self.refuse_recipient: dict[str, str] = {}
        self.port = 0

    async def handle_RCPT(self, _server: Any, _session: Session, envelope: Envelope, address: str, _options: list[str]) -> str:  # noqa: N802 # the name aiosmtpd calls
        if address in self.refuse_recipient:
            return self.refuse_recipient[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, _session: Session, envelope: Envelope) -> str:  # noqa: N802 # the name aiosmtpd calls
        if self.refuse_data:
            answer = self.refuse_data.pop(0)
            if answer == "hang up":
                server.transport.abort()
                return "451 never read"
            return answer
        self.received.append(message_from_bytes(envelope.original_content or b"", policy=SMTP_POLICY))
        return "250 queued"


class PlainServer(Controller):
    def _trigger_server(self) -> None:
        """The parent connects to the port that was asked for, which is 0 here."""
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call] # aiosmtpd types it by halves
