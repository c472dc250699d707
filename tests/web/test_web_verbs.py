"""What managers do, by plain forms and by htmx, and what a refusal looks like."""

import json
import re
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from domain.commands import Assign, PostReply, Release, Resolve, Snooze, Take
from domain.conversations import ConversationRecord, Status
from domain.messages import Direction
from tests.web.conftest import PART, Browser
from tests.web.shop import Shop

THREAD = {**PART, "hx-target": "section#thread"}


@pytest.fixture
async def record(shop: Shop) -> ConversationRecord:
    """Flagged, nobody has it."""
    found = await shop.talk("Priya Raman")
    await shop.says(found, "Is the pump covered?", minutes=5)
    return await shop.flags(found, minutes=4)


def _form(page: httpx2.Response, **more: str) -> dict[str, str]:
    """The hidden fields of the composer, as a browser would send them."""
    composer = page.text[page.text.index('class="composer"') :]
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', composer))
    return {**hidden, "kind": "reply", **more}


async def _post(client: httpx2.AsyncClient, record: ConversationRecord, verb: str, *, htmx: bool = False, **form: str) -> httpx2.Response:
    data = {"back": f"/inbox/mine/{record.conversation_id}", **form}
    return await client.post(f"/conversations/{record.conversation_id}/{verb}", data=data, headers=THREAD if htmx else {})


async def _status(shop: Shop, record: ConversationRecord) -> Status:
    return (await shop.services.conversations.get(record.conversation_id)).status


async def test_a_plain_form_replies_and_comes_back(browser: Browser, shop: Shop, record: ConversationRecord) -> None:
    client = await browser("maya")
    address = f"/inbox/mine/{record.conversation_id}"
    page = await client.get(address)
    sent = await client.post(f"/conversations/{record.conversation_id}/reply", data=_form(page, text="Yes, for 36 months."))
    assert (sent.status_code, sent.headers["location"]) == (303, address)
    assert "Yes, for 36 months." in (await client.get(address)).text
    assert await _status(shop, record) is Status.BOT


async def test_the_same_form_sent_twice_is_done_once(browser: Browser, shop: Shop, record: ConversationRecord) -> None:
    client = await browser("maya")
    form = _form(await client.get(f"/inbox/mine/{record.conversation_id}"), text="Once only.")
    for _ in range(2):
        await client.post(f"/conversations/{record.conversation_id}/reply", data=form)
    messages = await shop.services.conversations.messages(record.conversation_id)
    assert [message.text for message in messages].count("Once only.") == 1


async def test_send_and_keep_and_send_and_resolve(browser: Browser, shop: Shop, record: ConversationRecord) -> None:
    client = await browser("maya")
    await _post(client, record, "reply", text="I look into it.", then="keep")
    assert await _status(shop, record) is Status.HUMAN
    await _post(client, record, "reply", text="Done.", then="resolve")
    assert await _status(shop, record) is Status.CLOSED
    assert [type(verb) for verb in shop.engine.verbs] == [PostReply, PostReply, Resolve]


async def test_a_note_stays_in_the_house(browser: Browser, shop: Shop, record: ConversationRecord) -> None:
    client = await browser("maya")
    answer = await _post(client, record, "reply", htmx=True, kind="note", note="Serial starts with 24H", action_id="note-7")
    assert "Private note from You" in answer.text
    note = await shop.services.conversations.message("note-7")
    assert (note.direction, note.delivery) == (Direction.NOTE, None)
    assert shop.engine.verbs == []


async def test_nothing_to_send_is_said_not_sent(browser: Browser, shop: Shop, record: ConversationRecord) -> None:
    answer = await _post(await browser("maya"), record, "reply", text="   ")
    assert answer.status_code == 422
    assert "write something first" in answer.text
    assert shop.engine.verbs == []


async def test_take_release_assign_snooze_resolve(browser: Browser, shop: Shop, record: ConversationRecord) -> None:
    client = await browser("maya")
    await _post(client, record, "take")
    assert await _status(shop, record) is Status.HUMAN
    await _post(client, record, "release", note="Was about the pump")
    assert await _status(shop, record) is Status.BOT
    assert (await shop.services.conversations.messages(record.conversation_id))[-1].text == "Was about the pump"
    await _post(client, record, "assign", assignee=shop.people["dana"].id)
    assert (await shop.services.conversations.get(record.conversation_id)).assignee_name == "Dana Kim"
    await _post(client, record, "snooze", until="tomorrow")
    assert await _status(shop, record) is Status.SNOOZED
    await _post(client, record, "resolve")
    assert await _status(shop, record) is Status.CLOSED
    kinds = [type(verb) for verb in shop.engine.verbs]
    assert kinds == [Take, Release, Assign, Snooze, Resolve]
    snooze = next(verb for verb in shop.engine.verbs if isinstance(verb, Snooze))
    assert snooze.until.hour == 9
    assert timedelta(0) < snooze.until - datetime.now(UTC) < timedelta(days=2)


async def test_a_colleagues_conversation_is_refused_with_their_name(browser: Browser, shop: Shop, record: ConversationRecord) -> None:
    await shop.takes(record, "dana")
    client = await browser("maya")
    page = await client.get(f"/inbox/all/{record.conversation_id}")
    assert "Dana Kim has it. Take over to reply." in page.text
    refused = await _post(client, record, "reply", text="Hello")
    assert refused.status_code == 409
    assert "Dana Kim has this conversation" in refused.text
    assert ">Hello</textarea>" in refused.text
    await _post(client, record, "take", force="1")
    assert (await shop.services.conversations.get(record.conversation_id)).assignee_name == "Maya Ortiz"


async def test_an_unseen_message_is_shown_and_the_text_kept(browser: Browser, shop: Shop, record: ConversationRecord) -> None:
    client = await browser("maya")
    form = _form(await client.get(f"/inbox/mine/{record.conversation_id}"), text="It is covered.")
    await shop.says(record, "Forget it, I bought another one.", minutes=0)
    url = f"/conversations/{record.conversation_id}/reply"
    refused = await client.post(url, data=form, headers=THREAD)
    assert refused.status_code == 409
    assert refused.headers["hx-retarget"] == "#conflict"
    assert json.loads(refused.headers["hx-trigger"])["frontdesk:refused"]["action"] == form["action_id"]
    assert "Forget it, I bought another one." in refused.text
    again = re.findall(r'name="anyway" value="([^"]+)"', refused.text)[0]
    seen = re.findall(r'name="anyway_seen" value="([^"]+)"', refused.text)[0]
    sent = await client.post(url, data={**form, "anyway": again, "anyway_seen": seen}, headers=THREAD)
    assert sent.status_code == 200
    assert "It is covered." in sent.text
    plain = await client.post(url, data={**form, "action_id": "another", "last_seen": form["last_seen"]})
    assert plain.status_code == 409
    assert ">It is covered.</textarea>" in plain.text


async def test_a_note_at_the_end_does_not_hide_what_was_unseen(browser: Browser, shop: Shop, record: ConversationRecord) -> None:
    client = await browser("maya")
    await _post(client, record, "reply", kind="note", note="Looking into it")
    form = _form(await client.get(f"/inbox/mine/{record.conversation_id}"), text="It is covered.")
    assert form["last_seen"] == (await shop.services.conversations.messages(record.conversation_id))[-2].id
    await shop.says(record, "Forget it.", minutes=0)
    assert (await client.post(f"/conversations/{record.conversation_id}/reply", data=form)).status_code == 409


async def test_without_a_verdict_the_page_says_pending(browser: Browser, shop: Shop, record: ConversationRecord) -> None:
    shop.engine.silent = True
    client = await browser("maya")
    part = await _post(client, record, "take", htmx=True)
    assert "still being carried out" in part.text
    plain = await _post(client, record, "take")
    assert plain.headers["location"].endswith("?pending=1")
    assert "still being carried out" in (await client.get(plain.headers["location"])).text


async def test_an_engine_out_of_reach_is_said_and_nothing_is_lost(browser: Browser, shop: Shop, record: ConversationRecord) -> None:
    shop.engine.down = True
    client = await browser("maya")
    part = await _post(client, record, "reply", htmx=True, text="Hello")
    assert part.status_code == 503
    assert part.headers["hx-retarget"] == "#notices"
    assert "can’t be reached" in part.text or "can&#39;t be reached" in part.text
    assert "<html" not in part.text


async def test_a_closed_conversation_is_answered_by_opening_the_next(browser: Browser, shop: Shop, record: ConversationRecord) -> None:
    client = await browser("maya")
    await _post(client, record, "resolve")
    page = await client.get(f"/inbox/all/{record.conversation_id}")
    assert "A reply begins the next one" in page.text
    await _post(client, record, "reply", text="One more thing.")
    verb = shop.engine.verbs[-1]
    assert isinstance(verb, PostReply)
    assert verb.opens_episode


async def test_viewers_read_and_do_nothing(browser: Browser, shop: Shop, record: ConversationRecord) -> None:
    client = await browser("luis")
    page = await client.get(f"/inbox/mine/{record.conversation_id}")
    assert page.status_code == 200
    assert "You may read, not answer" in page.text
    for verb in ("reply", "take", "release", "assign", "snooze", "resolve", "dismiss"):
        refused = await _post(client, record, verb, text="x", note="x", assignee="x", until="hour")
        assert refused.status_code == 403
        assert "role" in refused.text
    assert shop.engine.verbs == []


async def test_unanswered_stays_listed_until_it_is_dismissed(browser: Browser, shop: Shop, record: ConversationRecord) -> None:
    current = shop.engine.records[record.conversation_id]
    await shop.engine.write(current, status=Status.BOT, unanswered=True)
    client = await browser("maya")
    assert "Priya Raman" in (await client.get("/inbox/all?unanswered=1")).text
    answer = await _post(client, record, "dismiss", htmx=True)
    assert "Nobody answered" not in answer.text
    assert "Priya Raman" not in (await client.get("/inbox/all?unanswered=1")).text


async def test_where_a_form_leads_back_to_is_this_site(browser: Browser, shop: Shop, record: ConversationRecord) -> None:
    client = await browser("maya")
    for back in ("https://evil.example/inbox/all", "//evil.example/inbox/all", "/inbox/theirs", "http://[", ""):
        answer = await client.post(f"/conversations/{record.conversation_id}/take", data={"back": back})
        assert answer.headers["location"].startswith("/inbox/mine/")
    kept = await client.post(f"/conversations/{record.conversation_id}/take", data={"back": "/inbox/all/x?q=pump&status=human"})
    assert kept.headers["location"] == f"/inbox/all/{record.conversation_id}?status=human&q=pump"


async def test_a_nul_in_a_reply_or_note_is_dropped(browser: Browser, shop: Shop, record: ConversationRecord) -> None:
    """PostgreSQL stores none: the send would be tried for ever, and hold up everything behind it."""
    client = await browser("maya")
    page = await client.get(f"/inbox/mine/{record.conversation_id}")
    await client.post(f"/conversations/{record.conversation_id}/reply", data=_form(page, text="36\x00 months"))
    await _post(client, record, "reply", kind="note", note="she\x00 knows")
    texts = [message.text for message in await shop.services.conversations.messages(record.conversation_id)]
    assert {"36 months", "she knows"} <= set(texts)


async def test_a_manager_asks_the_team_to_take_it_from_the_bot(browser: Browser, shop: Shop) -> None:
    record = await shop.talk("Noor Aziz")
    await shop.says(record, "Is the pump covered?", minutes=5)
    client = await browser("dana")
    path = f"/inbox/all/{record.conversation_id}"
    assert "Ask the team to take it" in (await client.get(path)).text
    await client.post(f"/conversations/{record.conversation_id}/hand-off", data={"back": path})
    found = await shop.services.conversations.get(record.conversation_id)
    assert found.status is Status.FLAGGED
