"""Several conversations at once, and what nobody answered."""

from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from domain.conversations import ClosedReason, ConversationRecord, Section, Status
from tests.web.conftest import Browser
from tests.web.shop import Shop


@pytest.fixture
async def talks(shop: Shop) -> list[ConversationRecord]:
    """Three that wait for a person."""
    found = []
    for name in ("Priya Raman", "Tomás Vega", "Olga Petrova"):
        talk = await shop.talk(name)
        await shop.says(talk, "Is the pump covered?", minutes=5)
        found.append(await shop.flags(talk, minutes=4))
    return found


async def send(client: httpx2.AsyncClient, verb: str, talks: list[ConversationRecord], **more: str) -> httpx2.Response:
    data = {"verb": verb, "conversation": [talk.conversation_id for talk in talks], "back": "/inbox/mine?q=x", **more}
    return await client.post("/inbox/bulk", data=data)


async def statuses(shop: Shop, talks: list[ConversationRecord]) -> list[Status]:
    return [(await shop.services.conversations.get(talk.conversation_id)).status for talk in talks]


async def test_several_are_resolved_at_once_and_the_list_comes_back(browser: Browser, shop: Shop, talks: list[ConversationRecord]) -> None:
    done = await send(await browser("dana"), "resolve", talks[:2], seen_at=datetime.now(UTC).isoformat())
    assert (done.status_code, done.headers["location"]) == (303, "/inbox/mine?q=x")
    assert await statuses(shop, talks) == [Status.CLOSED, Status.CLOSED, Status.FLAGGED]


async def test_whoever_wrote_since_is_left_alone_and_named(browser: Browser, shop: Shop, talks: list[ConversationRecord]) -> None:
    seen_at = datetime.now(UTC) - timedelta(minutes=3)
    await shop.says(talks[0], "And the shipping?", minutes=1)
    done = await send(await browser("dana"), "resolve", talks, seen_at=seen_at.isoformat())
    assert done.status_code == 409
    assert "2 of 3 done" in done.text
    assert f"#{talks[0].conversation_id[:6]}: The customer wrote since you looked at the list" in done.text
    assert await statuses(shop, talks) == [Status.FLAGGED, Status.CLOSED, Status.CLOSED]


async def test_what_a_colleague_has_is_not_taken_with_the_rest(browser: Browser, shop: Shop, talks: list[ConversationRecord]) -> None:
    await shop.takes(talks[1], "maya")
    done = await send(await browser("dana"), "take", talks)
    assert done.status_code == 409
    owners = [(await shop.services.conversations.get(talk.conversation_id)).assignee_name for talk in talks]
    assert owners == ["Dana Kim", "Maya Ortiz", "Dana Kim"]


async def test_a_viewer_chooses_nothing_and_an_empty_choice_is_said(browser: Browser, shop: Shop, talks: list[ConversationRecord]) -> None:
    viewer = await browser("luis")
    assert "row__check" not in (await viewer.get("/inbox/all")).text
    assert (await send(viewer, "resolve", talks)).status_code == 403
    nothing = await (await browser("dana")).post("/inbox/bulk", data={"verb": "resolve"})
    assert nothing.status_code == 422
    assert "Choose at least one" in nothing.text


async def test_what_nobody_answered_is_listed_until_it_is_dismissed(browser: Browser, shop: Shop, talks: list[ConversationRecord]) -> None:
    for talk in talks[:2]:
        now = datetime.now(UTC)
        closed = {"status": Status.CLOSED, "closed_reason": ClosedReason.IDLE, "closed_at": now, "unanswered": True}
        await shop.engine.write(shop.engine.records[talk.conversation_id], **closed)
    client = await browser("dana")
    assert "Unanswered: </span>2" in (await client.get("/inbox/mine")).text
    listed = (await client.get("/inbox/all?unanswered=1")).text
    assert ("Priya Raman" in listed, "Olga Petrova" in listed) == (True, False)
    assert (await send(client, "dismiss", talks[:2])).status_code == 303
    assert "Unanswered: </span>" not in (await client.get("/inbox/mine")).text
    assert (await shop.services.conversations.page(Section.ALL, manager_id=None, unanswered=True)).items == ()


async def test_a_new_episode_names_who_had_the_last_one(browser: Browser, shop: Shop) -> None:
    before = await shop.talk("Priya Raman")
    await shop.takes(before, "maya")
    closed = shop.engine.records[before.conversation_id].model_copy(
        update={"version": 9, "status": Status.CLOSED, "closed_reason": ClosedReason.RESOLVED, "closed_at": datetime.now(UTC)}
    )
    await shop.services.conversations.close(closed, "Asked: Is the pump covered?")
    again = closed.model_copy(
        update={
            "conversation_id": "next",
            "version": 1,
            "status": Status.BOT,
            "closed_reason": None,
            "closed_at": None,
            "assignee_id": None,
        }
    )
    await shop.engine.write(again)
    page = (await (await browser("dana")).get("/inbox/all/next")).text
    assert "Continues an earlier conversation with Maya Ortiz</a> · Asked: Is the pump covered?" in page
