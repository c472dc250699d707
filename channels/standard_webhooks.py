"""The Standard Webhooks scheme (symmetric, `v1`): how a request proves that it comes from who holds the secret."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping

from domain.errors import AuthenticityError, InvalidInput

TOLERANCE_SECONDS = 300
"""How far `webhook-timestamp` may lie from our clock, in either direction."""

_PREFIX = "whsec_"


def signing_keys(secret: str) -> tuple[bytes, ...]:
    """The keys of a configured secret; the first one is current. Raises InvalidInput.

    A secret that begins with `whsec_` is base64; during a rotation it may be several of these, separated by commas.
    Any other secret is one key, used as it is.
    """
    if not secret:
        raise InvalidInput("secret: is empty")
    if not secret.startswith(_PREFIX):
        return (secret.encode(),)
    return tuple(_decoded(part.strip()) for part in secret.split(","))


def _decoded(part: str) -> bytes:
    encoded = part.removeprefix(_PREFIX)
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not part.startswith(_PREFIX) or not key:
        raise InvalidInput("secret: begins with whsec_ but does not go on in base64")
    return key


def signature(key: bytes, webhook_id: str, timestamp: str, body: bytes) -> str:
    signed = webhook_id.encode("latin-1", "replace") + b"." + timestamp.encode("latin-1", "replace") + b"." + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def sign(secret: str, webhook_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers; one signature per key of the secret. Raises InvalidInput."""
    stamp = str(timestamp)
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join(signature(key, webhook_id, stamp, body) for key in signing_keys(secret)),
    }


def verify(secret: str, headers: Mapping[str, str], body: bytes, *, now: float) -> None:
    """Raises AuthenticityError unless one of the signatures was made with one of the secret's keys within the tolerance."""
    try:
        keys = signing_keys(secret)
    except InvalidInput as error:
        raise AuthenticityError(f"This inbox can't check signatures until its secret is mended ({error})") from error
    webhook_id, stamp, signatures = (headers.get(name, "") for name in ("webhook-id", "webhook-timestamp", "webhook-signature"))
    if not (webhook_id and stamp and signatures):
        raise AuthenticityError("The headers webhook-id, webhook-timestamp and webhook-signature are needed", missing=True)
    if not (stamp.isascii() and stamp.isdecimal() and len(stamp) <= 12):
        raise AuthenticityError("webhook-timestamp must be whole seconds since 1970")
    if abs(now - int(stamp)) > TOLERANCE_SECONDS:
        raise AuthenticityError("webhook-timestamp is more than 5 minutes away from this server's clock")
    expected = [signature(key, webhook_id, stamp, body).encode() for key in keys]
    given = [word.encode("utf-8", "replace") for word in signatures.split() if word.startswith("v1,")]
    if not any(hmac.compare_digest(one, other) for one in given for other in expected):
        raise AuthenticityError("webhook-signature does not match the body; check the secret, and sign the raw bytes that are sent")
