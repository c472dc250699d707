"""Tries an inbox as its owner would: asks the vendor how it stands, or sends one real message where there is no vendor to ask."""

import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Protocol

from domain.channels import ChannelCheck, ChannelKind, SendResult
from domain.fetching import Renewal, TokenState
from domain.managers import Inbox
from domain.messages import OutboundMessage, Purpose, Recipient, Sender
from domain.ports import Channel, Checkable, Credentials, Renewable

Renew = Callable[[Credentials], Awaitable[Renewal]]


class Rotating(Protocol):
    """`storage.tokens.Tokens`."""

    async def rotate(self, inbox_id: str, spent: str, renew: Renew) -> tuple[Credentials, TokenState]: ...


async def try_inbox(channel: Channel, inbox: Inbox, credentials: Credentials, tokens: Rotating, *, webhook_url: str) -> ChannelCheck:
    """What is right and what is wrong, in words. An access token that is over is renewed once. Never raises for what the other side
    answers."""
    if isinstance(channel, Checkable):
        checked = await channel.check(credentials, webhook_url=webhook_url)
        if not checked.token_refused or not isinstance(channel, Renewable) or not channel.can_renew(credentials):
            return checked
        renewed, state = await tokens.rotate(inbox.id, credentials.get("access_token", ""), channel.renew)
        if state.problem is not None:
            return checked.model_copy(update={"problems": (state.problem, *checked.problems[1:])})
        return await channel.check(renewed, webhook_url=webhook_url)
    if inbox.channel is ChannelKind.WEBCHAT:
        return ChannelCheck(notes=("The chat page needs no vendor: open it and write.",))
    outcome = await channel.send(_message(inbox.id), _recipient(inbox), credentials)
    if outcome.result is SendResult.SENT:
        return ChannelCheck(notes=("The test message was accepted.",))
    return ChannelCheck(problems=(outcome.error or f"The test message was not accepted ({outcome.result})",))


def _message(inbox_id: str) -> OutboundMessage:
    return OutboundMessage(
        id=str(uuid.uuid4()),
        conversation_id="test",
        inbox_id=inbox_id,
        contact_id="test",
        sender=Sender.BOT,
        purpose=Purpose.REPLY,
        text="This is a test message of Frontdesk.",
        epoch=0,
        created_at=datetime.now(UTC),
    )


def _recipient(inbox: Inbox) -> Recipient:
    return Recipient(channel=inbox.channel, inbox_id=inbox.id, address="frontdesk-test")
