"""Access tokens that end: renewed ahead by the upkeep, renewed once when a vendor refuses one, and otherwise reported."""

from collections.abc import Mapping
from datetime import UTC, datetime

import structlog

from domain.channels import ChannelKind
from domain.ports import Channel, Credentials, InboxStore, Renewable, TokenStore

_log = structlog.get_logger()


class TokenKeeper:
    """Shared by everything that calls vendors. Holds no token: each use reads the inbox anew."""

    def __init__(self, inboxes: InboxStore, tokens: TokenStore, channels: Mapping[ChannelKind, Channel]) -> None:
        self._inboxes = inboxes
        self._tokens = tokens
        self._channels = channels

    async def fresh(self, inbox_id: str, kind: ChannelKind) -> Credentials:
        """The inbox's settings, with a fresh access token where the present one is about to end. Raises NotFound."""
        channel = self._channels[kind]
        if isinstance(channel, Renewable):
            credentials, state = await self._tokens.state(inbox_id)
            if not state.dead and channel.renewal_due(credentials, state, now=datetime.now(UTC)):
                _, state = await self._tokens.rotate(inbox_id, credentials.get("access_token", ""), channel.renew)
                _note(inbox_id, kind, state.problem)
        return await self._inboxes.credentials(inbox_id)

    async def renew(self, inbox_id: str, kind: ChannelKind, refused: Credentials, said: str) -> str | None:
        """After the vendor refused the token among these. Returns why there is no other one; None if there is."""
        channel, spent = self._channels[kind], refused.get("access_token", "")
        if not isinstance(channel, Renewable) or not channel.can_renew(refused):
            await self._tokens.refused(inbox_id, spent, said)
            _note(inbox_id, kind, said)
            return said
        _, before = await self._tokens.state(inbox_id)
        if before.dead:
            return before.problem or said
        credentials, state = await self._tokens.rotate(inbox_id, spent, channel.renew)
        _note(inbox_id, kind, state.problem)
        return None if credentials.get("access_token", "") != spent else state.problem or said


def _note(inbox_id: str, kind: ChannelKind, problem: str | None) -> None:
    if problem is None:
        _log.info("token.renewed", inbox_id=inbox_id, channel=kind.value)
    else:
        _log.warning("token.refused", inbox_id=inbox_id, channel=kind.value, problem=problem)
