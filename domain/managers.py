"""The people who answer, their roles and their keys."""

from enum import StrEnum

from domain.channels import ChannelKind
from domain.model import Model, UtcDatetime
from domain.policy import Policy


class Role(StrEnum):
    OWNER = "owner"
    ADMIN = "admin"
    MANAGER = "manager"
    VIEWER = "viewer"


_RANK = {Role.VIEWER: 0, Role.MANAGER: 1, Role.ADMIN: 2, Role.OWNER: 3}


class Manager(Model):
    """A person who answers in the dashboard."""

    id: str
    email: str
    name: str
    role: Role
    phone: str | None = None
    created_at: UtcDatetime

    def may(self, least: Role) -> bool:
        return _RANK[self.role] >= _RANK[least]


class ApiKey(Model):
    id: str
    name: str
    manager_id: str
    created_at: UtcDatetime
    revoked_at: UtcDatetime | None = None
    last_used_at: UtcDatetime | None = None


class Inbox(Model):
    """A configured place where messages arrive. Credentials are apart: see `storage.inboxes.Inboxes.credentials`."""

    id: str
    channel: ChannelKind
    name: str
    policy: Policy
    policy_version: int
    public_settings: dict[str, str]
    """The channel's settings that are no secrets (a callback URL, a colour)."""
    created_at: UtcDatetime
    last_message_at: UtcDatetime | None = None
