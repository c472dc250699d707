"""Several managers at one conversation."""

from domain.conversations import Status
from tests.web.conftest import PART, Browser
from tests.web.shop import Shop, furnish


async def test_colleagues_see_each_other(browser: Browser, shop: Shop) -> None:
    path = f"/conversations/{(await furnish(shop))['priya'].conversation_id}"
    maya, dana, luis = [await browser(who) for who in ("maya", "dana", "luis")]
    assert "looking at this too" not in (await maya.post(f"{path}/presence", headers=PART)).text
    assert "Maya Ortiz is looking at this too" in (await dana.post(f"{path}/presence", data={"typing": "1"}, headers=PART)).text
    assert "Dana Kim is writing here" in (await maya.get(f"{path}/presence", headers=PART)).text
    await luis.post(f"{path}/presence", headers=PART)
    assert "Luis" not in (await maya.get(f"{path}/presence", headers=PART)).text


async def test_a_mention_is_a_toast_until_the_conversation_is_opened(browser: Browser, shop: Shop) -> None:
    record = (await furnish(shop))["priya"]
    maya, dana = await browser("maya"), await browser("dana")
    form = {"kind": "note", "note": "@dana do you know the pump?", "back": ""}
    await maya.post(f"/conversations/{record.conversation_id}/reply", data=form)
    pulse = (await dana.get("/pulse", headers=PART)).text
    assert "Maya Ortiz mentioned you" in pulse
    assert record.conversation_id in (await dana.get("/inbox/all?watching=1")).text
    await dana.get(f"/inbox/all/{record.conversation_id}")
    assert "mentioned you" not in (await dana.get("/pulse", headers=PART)).text


async def test_a_transfer_takes_a_note_along_and_is_watched_by_who_gave_it(browser: Browser, shop: Shop) -> None:
    record = (await furnish(shop))["priya"]
    maya = await browser("maya")
    form = {"assignee": shop.people["dana"].id, "note": "He is an old customer", "back": ""}
    await maya.post(f"/conversations/{record.conversation_id}/assign", data=form)
    found = await shop.services.conversations.get(record.conversation_id)
    assert (found.status, found.assignee_id) == (Status.HUMAN, shop.people["dana"].id)
    assert "He is an old customer" in (await (await browser("dana")).get(f"/inbox/all/{record.conversation_id}")).text
    watching = await shop.services.teamwork.watchers(record.conversation_id)
    assert [name for _, name in watching] == ["Maya Ortiz"]
    await maya.post(f"/conversations/{record.conversation_id}/unwatch", data={"back": ""})
    assert await shop.services.teamwork.watchers(record.conversation_id) == []


async def test_where_the_page_knows_it_no_vendor_is_asked_whether_a_reply_goes_through(browser: Browser, shop: Shop) -> None:
    record = (await furnish(shop))["priya"]
    client = await browser("dana")
    assert "/reach" not in (await client.get(f"/inbox/all/{record.conversation_id}")).text
    assert (await client.get(f"/conversations/{record.conversation_id}/reach", headers=PART)).text.strip() == ""
