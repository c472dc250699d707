"""How things are named. Every id can be recomputed from what it names, so that a repeat gets the same one."""

import hashlib
import hmac
from uuid import UUID, uuid5

_NAMESPACE = UUID("5f1d7a52-7d3c-5b0e-9a35-3d2f2a6c8e41")
"""Frontdesk's own UUID namespace; drawn once, never to change."""


def inbound_message_id(inbox_id: str, kind: str, provider_id: str) -> str:
    return str(uuid5(_NAMESPACE, f"{inbox_id}\x1f{kind}\x1f{provider_id}"))


def derived_id(*parts: str) -> str:
    """An id that is the same whenever the same parts are named."""
    return str(uuid5(_NAMESPACE, "\x1f".join(parts)))


def echo_id(inbox_id: str, provider_id: str) -> str:
    return derived_id(inbox_id, "echo", provider_id)


def conversation_key(identity_key: bytes, address: str) -> str:
    """First 16 hex digits of HMAC-SHA256: names a contact without showing a phone number."""
    return hmac.new(identity_key, address.encode(), hashlib.sha256).hexdigest()[:16]


def workflow_id(inbox_id: str, key: str) -> str:
    return f"conversation/{inbox_id}/{key}"


def part_id(message_id: str, part: int) -> str:
    """Of a message that leaves in several; the first part keeps the message's id."""
    return message_id if part == 1 else derived_id(message_id, "part", str(part))
