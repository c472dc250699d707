"""Managers judge the bot's answers; what was learned is shown and can be forgotten."""

from datetime import UTC, datetime, timedelta

from domain.knowledge import Draft
from domain.recalibration import JudgedBy, Judgement
from storage.judgements import Judgements
from tests.web.conftest import Browser
from tests.web.shop import SHIPPING, Shop


async def flagged(shop: Shop) -> tuple[str, str]:
    draft = Draft(text="Yes.", citations=(), model="extractive")
    record = await shop.says(await shop.talk("Cleo"), "Do you ship?", minutes=9)
    evidence = SHIPPING.model_copy(update={"draft": draft, "fitted_confidence": 0.7})
    record = await shop.flags(record, evidence=evidence, minutes=8)
    return record.conversation_id, record.hand_off.turn_id if record.hand_off and record.hand_off.turn_id else ""


async def test_a_manager_judges_and_may_change_their_mind(browser: Browser, shop: Shop) -> None:
    conversation_id, turn_id = await flagged(shop)
    client = await browser("dana")
    page = (await client.get(f"/inbox/mine/{conversation_id}")).text
    assert "Would its draft have been right?" in page
    assert "Moved from 70% by what your team has judged" in page
    for answer in ("right", "wrong"):
        done = await client.post(f"/conversations/{conversation_id}/judge", data={"turn_id": turn_id, "answer": answer})
        assert done.status_code == 303
        assert await Judgements(shop.services.db).of_turn(turn_id) is (answer == "right")
    assert 'value="wrong" aria-pressed="true"' in (await client.get(f"/inbox/mine/{conversation_id}")).text
    assert (await client.post(f"/conversations/{conversation_id}/judge", data={"turn_id": "other", "answer": "right"})).status_code == 404
    luis = await browser("luis")
    assert (await luis.post(f"/conversations/{conversation_id}/judge", data={"turn_id": turn_id, "answer": "right"})).status_code == 403


async def test_what_was_only_seen_never_replaces_what_a_person_said(shop: Shop) -> None:
    store = Judgements(shop.services.db)
    said = Judgement(turn_id="t", conversation_id="c", confidence=0.8, right=True, by=JudgedBy.PERSON, manager_id="m", at=datetime.now(UTC))
    await store.add(said)
    await store.add(said.model_copy(update={"right": False, "by": JudgedBy.CORRECTION}))
    assert await store.of_turn("t") is True


async def test_what_was_learned_is_shown_and_an_admin_may_forget_it(browser: Browser, shop: Shop) -> None:
    store, now = Judgements(shop.services.db), datetime.now(UTC)
    for number in range(60):
        await store.add(
            Judgement(
                turn_id=f"t-{number}",
                conversation_id="c",
                confidence=0.9,
                right=number % 2 == 0,
                by=JudgedBy.PERSON,
                manager_id="m",
                at=now + timedelta(seconds=number),
            )
        )
    admin = await browser("ana")
    page = (await admin.get("/knowledge")).text
    assert "60 answers judged, 30 of them wrong" in page
    assert "A confidence of 90% by the release now counts as" in page
    assert (await (await browser("dana")).post("/knowledge/judgements/forget")).status_code == 403
    assert (await admin.post("/knowledge/judgements/forget")).status_code == 303
    assert "0 answers judged" in (await admin.get("/knowledge")).text


async def test_without_a_draft_there_is_nothing_to_judge(browser: Browser, shop: Shop) -> None:
    record = await shop.says(await shop.talk("Cleo"), "Do you ship?", minutes=9)
    await shop.flags(record, minutes=8)
    assert "/judge" not in (await (await browser("dana")).get(f"/inbox/all/{record.conversation_id}")).text
