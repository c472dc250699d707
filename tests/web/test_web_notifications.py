"""One's own notifications: the page, the service worker, and what a conversation's panel says of who was told."""

from datetime import time, timedelta

from domain.ladder import Medium, Rung
from domain.notices import Debt, NoticePreferences, Scope
from domain.turns import Notice
from tests.vendors.push_service import PushServer
from tests.web.conftest import Browser
from tests.web.shop import Shop, furnish
from web.services import Services


async def test_what_a_person_chooses_is_kept_and_shown_again(browser: Browser, services: Services, shop: Shop) -> None:
    client = await browser("dana")
    form = {
        "email": "true",
        "scope": "mine",
        "quiet": "true",
        "quiet_from": "21:30",
        "quiet_to": "06:45",
        "time_zone": "America/Montevideo",
    }
    assert (await client.post("/notifications", data=form)).headers["location"] == "/notifications?saved=1"
    kept = await services.telling.preferences.get(shop.people["dana"].id)
    assert kept == NoticePreferences(
        push=False,
        sms=False,
        scope=Scope.MINE,
        quiet_from=time(21, 30),
        quiet_to=time(6, 45),
        time_zone="America/Montevideo",
    )
    page = (await client.get("/notifications")).text
    assert 'value="21:30"' in page
    assert 'value="America/Montevideo"' in page
    assert (await services.telling.preferences.get(shop.people["maya"].id)) == NoticePreferences(), "everybody has their own"


async def test_what_can_not_be_saved_says_why_and_changes_nothing(browser: Browser, services: Services, shop: Shop) -> None:
    client = await browser("dana")
    page = await client.post("/notifications", data={"quiet": "true", "quiet_from": "22:00", "quiet_to": "07:00", "time_zone": "Mars"})
    assert page.status_code == 422
    assert "no time zone" in page.text
    assert (await client.post("/notifications", data={"quiet": "true", "quiet_from": "late"})).status_code == 422
    assert (await services.telling.preferences.get(shop.people["dana"].id)) == NoticePreferences()


async def test_a_browser_is_added_is_shown_and_is_removed_by_its_owner_only(browser: Browser, services: Services, shop: Shop) -> None:
    dana, maya = await browser("dana"), await browser("maya")
    taken = PushServer().browser("laptop")
    body = {"endpoint": f"https://push.example{taken.endpoint}", "keys": {"p256dh": taken.p256dh, "auth": taken.auth}}
    agent = {"user-agent": "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36"}
    assert (await dana.post("/notifications/push", json=body, headers=agent)).status_code == 204
    assert "Chrome on Windows" in (await dana.get("/notifications")).text
    (device,) = await services.telling.push.devices(shop.people["dana"].id, "")
    await maya.post(f"/notifications/push/{device.id}/remove")
    assert await services.telling.push.of(shop.people["dana"].id) != []
    await dana.post(f"/notifications/push/{device.id}/remove")
    assert await services.telling.push.of(shop.people["dana"].id) == []


async def test_the_service_worker_stands_at_the_root_and_is_asked_for_again(browser: Browser) -> None:
    client = await browser("dana")
    answer = await client.get("/sw.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cache-control"] == "no-cache"
    assert (await client.get("/sw.js", headers={"if-none-match": answer.headers["etag"]})).status_code == 304
    assert "showNotification" in answer.text


async def test_the_panel_says_who_was_told_why_somebody_was_not_and_what_comes_next(
    browser: Browser, services: Services, shop: Shop
) -> None:
    talks = await furnish(shop)
    conversation = await services.conversations.get(talks["priya"].conversation_id)
    assert conversation.hand_off is not None
    flagged_at = conversation.hand_off.at
    notice = Notice(
        conversation_id=conversation.id,
        inbox_id=conversation.inbox_id,
        rung=Rung.EMAIL,
        reason="keyword",
        flagged_at=flagged_at.isoformat(),
    )
    ledger = services.telling.notices
    await ledger.owe(notice, [Medium.EMAIL], now=flagged_at)
    later = flagged_at + timedelta(seconds=6)
    for name, error in (("maya", None), ("dana", "The mail relay refused the manager's address (550)")):
        debt = Debt(manager_id=shop.people[name].id, medium=Medium.EMAIL, not_before=flagged_at)
        digest = await ledger.claim(debt, now=later)
        assert digest is not None
        await ledger.settle(digest, now=later, error=error)
    client = await browser("maya")
    panel = (await client.get(f"/inbox/mine/{conversation.id}?panel=customer")).text
    told = panel.split('id="told"')[1].split("</div>")[0]
    assert "E-mail to Maya Ortiz" in told
    assert "refused the manager&#39;s address (550)" in told
    assert "SMS" in told, "the next rung"
