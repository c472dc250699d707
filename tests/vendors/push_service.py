"""A browser vendor's push service, with the browsers that are known to it: holds requests to RFC 8030, 8291 and 8292, and reads them."""

import base64
import json
import time
from dataclasses import dataclass

import http_ece  # type: ignore[import-untyped] # carries no type information
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid02

from tests.vendors.vendor_server import Answer, Call, VendorServer


@dataclass(frozen=True)
class Subscriber:
    """What a browser's `PushSubscription` holds, and the key that stays inside it."""

    endpoint: str
    key: ec.EllipticCurvePrivateKey
    secret: bytes

    @property
    def p256dh(self) -> str:
        return _text(self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))

    @property
    def auth(self) -> str:
        return _text(self.secret)


class PushServer(VendorServer):
    """`shown` is what each browser was given, read as its service worker reads it. `gone` browsers answer 410."""

    def __init__(self) -> None:
        super().__init__()
        self.browsers: dict[str, Subscriber] = {}
        self.shown: list[tuple[str, dict[str, str]]] = []
        self.gone: set[str] = set()
        self.public_key = ""
        """With which every message must be signed."""

    def browser(self, name: str) -> Subscriber:
        browser = Subscriber(f"{self.url}/push/{name}", ec.generate_private_key(ec.SECP256R1()), name.encode().ljust(16, b"-")[:16])
        self.browsers[f"/push/{name}"] = browser
        return browser

    def answer(self, call: Call) -> Answer:
        browser = self.browsers.get(call.path)
        if browser is None or call.path in self.gone:
            return Answer(410, {})
        if wrong := self._wrong_with(call):
            self.violation(wrong)
            return Answer(400, {})
        text = http_ece.decrypt(call.body, private_key=browser.key, auth_secret=browser.secret, version="aes128gcm")
        self.shown.append((call.path.removeprefix("/push/"), json.loads(text)))
        return Answer(201, {})

    def _wrong_with(self, call: Call) -> str | None:
        if call.method != "POST" or call.headers.get("content-encoding") != "aes128gcm":
            return "a POST of an aes128gcm body is expected"
        if not call.headers.get("ttl", "").isdecimal() or call.headers.get("urgency") not in ("very-low", "low", "normal", "high"):
            return "TTL is required, Urgency is one of four words"
        if len(call.body) > 4096:
            return "the body is over 4096 bytes"
        signature = call.headers.get("authorization", "")
        if not signature.startswith("vapid ") or not Vapid02.verify(signature):
            return "the VAPID signature is wrong"
        parts = dict(part.split("=", 1) for part in signature.removeprefix("vapid ").split(","))
        claims = json.loads(_bytes(parts["t"].split(".")[1]))
        if parts["k"] != self.public_key:
            return "signed with another key than the one that the browser subscribed with"
        if claims["aud"] != self.url or not time.time() < claims["exp"] <= time.time() + 86_400 or "sub" not in claims:
            return f"claims {claims}"
        return None


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
