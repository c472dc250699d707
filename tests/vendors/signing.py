"""A second, independent reading of the Standard Webhooks scheme: the other side's, for tests and benchmarks."""

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping


def key_of(secret: str) -> bytes:
    return base64.b64decode(secret[len("whsec_") :]) if secret.startswith("whsec_") else secret.encode()


def signed_headers(secret: str, body: bytes, *, webhook_id: str = "delivery-1", at: float | None = None) -> dict[str, str]:
    """Headers of a delivery that is signed now, or at `at` (unix seconds)."""
    stamp = int(time.time() if at is None else at)
    mac = hmac.new(key_of(secret), f"{webhook_id}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "content-type": "application/json",
        "webhook-id": webhook_id,
        "webhook-timestamp": str(stamp),
        "webhook-signature": "v1," + base64.b64encode(mac).decode(),
    }


def proves(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether a request that we received carries a signature of this secret, made within the last five minutes."""
    stamp = headers.get("webhook-timestamp", "")
    if not stamp.isdecimal() or abs(time.time() - int(stamp)) > 300:
        return False
    signed = f"{headers.get('webhook-id', '')}.{stamp}.".encode() + body
    mac = "v1," + base64.b64encode(hmac.new(key_of(secret), signed, hashlib.sha256).digest()).decode()
    return mac in headers.get("webhook-signature", "").split(" ")
