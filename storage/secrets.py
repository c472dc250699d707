"""Secrets at rest, and tokens that only this installation can have made."""

import base64
import binascii
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from domain.errors import AuthenticityError, InvalidInput


def _derive(key: str, purpose: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=purpose).derive(key.encode())


def hashed(token: str) -> str:
    """How random tokens are stored. They hold 256 bits, so that one round of SHA-256 is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def _to_text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _to_bytes(data: str) -> bytes:
    return base64.urlsafe_b64decode(data + "=" * (-len(data) % 4))


class Vault:
    """`key` is the installation's secret key, any string; the keys in use are derived from it."""

    def __init__(self, key: str) -> None:
        if not key:
            raise InvalidInput("The secret key is empty; set FRONTDESK_SECRET_KEY to a long random string")
        self._fernet = Fernet(base64.urlsafe_b64encode(_derive(key, b"frontdesk/encrypt")))
        self._signing = _derive(key, b"frontdesk/sign")

    def encrypt(self, plain: str) -> str:
        return self._fernet.encrypt(plain.encode()).decode()

    def decrypt(self, token: str) -> str:
        """Raises InvalidInput if it was encrypted with another key."""
        try:
            return self._fernet.decrypt(token.encode()).decode()
        except InvalidToken as error:
            raise InvalidInput("A stored secret can't be decrypted: FRONTDESK_SECRET_KEY is not the one it was stored with") from error

    def keyed(self, purpose: str, *parts: str) -> str:
        """A name that is the same for the same parts, and that nobody can guess without the installation's key."""
        return self._signature(purpose, "\x1f".join(parts))

    def sign(self, purpose: str, payload: str, *, lifetime: timedelta | None = None) -> str:
        """A URL-safe token that carries `payload` readably. Without a lifetime it never expires."""
        expires = None if lifetime is None else (datetime.now(UTC) + lifetime).timestamp()
        body = _to_text(json.dumps([payload, expires], separators=(",", ":")).encode())
        return f"{body}.{self._signature(purpose, body)}"

    def verify(self, purpose: str, token: str) -> str:
        """The payload of a token made for this purpose. Raises AuthenticityError."""
        body, _, signature = token.partition(".")
        if not hmac.compare_digest(signature.encode(), self._signature(purpose, body).encode()):
            raise AuthenticityError("This token is not one of ours")
        try:
            payload, expires = json.loads(_to_bytes(body))
        except (ValueError, binascii.Error) as error:
            raise AuthenticityError("This token is not one of ours") from error
        if expires is not None and datetime.now(UTC).timestamp() > expires:
            raise AuthenticityError("This token has expired")
        return str(payload)

    def digest(self, purpose: str, payload: str) -> bytes:
        """32 bytes that only this installation can have made."""
        return hmac.new(self._signing, f"{purpose}\x1f{payload}".encode(), hashlib.sha256).digest()

    def _signature(self, purpose: str, body: str) -> str:
        return _to_text(hmac.new(self._signing, f"{purpose}\x1f{body}".encode(), hashlib.sha256).digest())
