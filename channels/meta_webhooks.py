"""What the webhooks of Meta's products (WhatsApp, Messenger, Instagram) have in common: the first check, the signature, the envelope."""

import hmac
from collections.abc import Iterator
from hashlib import sha256

from channels.json_body import Fields, read_object
from domain.channels import HandshakeReply, WebhookRequest
from domain.errors import AuthenticityError, InvalidInput
from domain.ports import Credentials

LONGEST_CHALLENGE = 200


def handshake(request: WebhookRequest, credentials: Credentials) -> HandshakeReply | None:
    """Answers the dashboard's check of a callback URL; None if this is not one. Raises AuthenticityError."""
    if request.method != "GET" or "hub.mode" not in request.query:
        return None
    expected, given = credentials.get("verify_token", ""), request.query.get("hub.verify_token", "")
    if not expected:
        raise AuthenticityError("This inbox has no verify_token; set one and enter the same in Meta's dashboard")
    if not given:
        raise AuthenticityError("hub.verify_token is needed", missing=True)
    if not hmac.compare_digest(expected.encode("utf-8", "replace"), given.encode("utf-8", "replace")):
        raise AuthenticityError("hub.verify_token is not this inbox's verify_token; enter the same in Meta's dashboard")
    return HandshakeReply(body=request.query.get("hub.challenge", "")[:LONGEST_CHALLENGE])


def verify(request: WebhookRequest, credentials: Credentials) -> None:
    """Raises AuthenticityError unless the raw bytes were signed with the app's secret. Meta's signature names no time."""
    secret, given = credentials.get("app_secret", ""), request.headers.get("x-hub-signature-256", "")
    if not secret:
        raise AuthenticityError("This inbox has no app_secret, so nothing can prove that it comes from Meta")
    if not given:
        raise AuthenticityError("The header X-Hub-Signature-256 is needed", missing=True)
    expected = "sha256=" + hmac.digest(secret.encode("utf-8", "replace"), request.body, sha256).hex()
    if not hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace")):
        raise AuthenticityError("X-Hub-Signature-256 does not fit the body; check that app_secret is this app's")


def entries(body: bytes, expected: str) -> Iterator[Fields]:
    """The entries of a delivery, in order. Raises InvalidInput if the body is no delivery of this object at all."""
    document = Fields(read_object(body))
    if document.text("object") != expected:
        raise InvalidInput(f"object: must be {expected}")
    if not isinstance(document.raw("entry"), list):
        raise InvalidInput("entry: is missing, or no list")
    return iter(document.items("entry"))
