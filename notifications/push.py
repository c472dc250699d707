"""Tells managers by Web Push (RFC 8030): encrypted for one browser (RFC 8291), signed with this installation's key (RFC 8292).

The service between sees when a message comes and how long it is, nothing of what it says. A lock screen shows no customer's name or words.
"""

import asyncio
import json
from urllib.parse import urlsplit

import structlog
from py_vapid import Vapid02
from pywebpush import WebPusher

from domain.errors import NotTold
from domain.notices import Digest, PushSubscription
from domain.ports import PushService, PushStore
from notifications.wording import headline, link_to

log = structlog.get_logger()

KEPT_SECONDS = 3_600
"""How long a push service keeps a message for a browser that is not there."""
GONE = frozenset({404, 410})
ACCEPTED = range(200, 300)
TRY_AGAIN = frozenset({408, 425, 429})


class PushNotifier:
    """A `Notifier`. `contact` is a `mailto:` or `https:` address that a push service may complain to."""

    def __init__(self, store: PushStore, service: PushService, *, base_url: str, contact: str) -> None:
        self._store = store
        self._service = service
        self._base_url = base_url
        self._contact = contact

    async def tell(self, digest: Digest) -> None:
        """Told as soon as one of the person's browsers has it. Raises NotTold."""
        browsers = await self._store.of(digest.person.id)
        outcomes = await asyncio.gather(*(self._try(browser, digest) for browser in browsers))
        failures = [outcome for outcome in outcomes if outcome is not None]
        if len(failures) < len(outcomes):
            return
        if not failures:
            raise NotTold("No browser of this person takes push messages", retryable=False)
        raise min(failures, key=lambda failure: not failure.retryable)

    async def _try(self, browser: PushSubscription, digest: Digest) -> NotTold | None:
        try:
            await self._post(browser, digest)
        except NotTold as failure:
            log.info("push_refused", manager_id=digest.person.id, subscription_id=browser.id[:12], error=str(failure))
            return failure
        return None

    async def _post(self, browser: PushSubscription, digest: Digest) -> None:
        body = await asyncio.to_thread(_sealed, browser, json.dumps(self.payload(digest)).encode())
        headers = {
            "content-encoding": "aes128gcm",
            "content-type": "application/octet-stream",
            "ttl": str(KEPT_SECONDS),
            "urgency": "high",
            **await self._signed(browser),
        }
        status, retry_after = await self._service.post(browser.endpoint, headers=headers, content=body)
        if status in ACCEPTED:
            return
        if status in GONE:
            await self._store.forget(browser.id)
            raise NotTold("The browser takes no push messages any more", retryable=False)
        retryable = status in TRY_AGAIN or status >= 500
        raise NotTold(f"The push service answered {status}{', for now' if retryable else ''}", retryable=retryable, retry_after=retry_after)

    def payload(self, digest: Digest) -> dict[str, str]:
        """What the service worker shows. The tag makes a later message about the same replace the earlier one."""
        one = len(digest.waiting) == 1
        return {
            "title": "Human feedback needed",
            "body": headline(digest),
            "tag": digest.waiting[0].conversation_id if one else "waiting",
            "url": link_to(self._base_url, digest),
        }

    async def _signed(self, browser: PushSubscription) -> dict[str, str]:
        keys = await self._store.keys()
        parts = urlsplit(browser.endpoint)
        claims = {"aud": f"{parts.scheme}://{parts.netloc}", "sub": self._contact}
        return {"authorization": str(Vapid02.from_der(keys.private.encode()).sign(claims)["Authorization"])}


def _sealed(browser: PushSubscription, data: bytes) -> bytes:
    pusher = WebPusher({"endpoint": browser.endpoint, "keys": {"p256dh": browser.p256dh, "auth": browser.auth}})
    body = pusher.encode(data)["body"]
    assert isinstance(body, bytes)
    return body
