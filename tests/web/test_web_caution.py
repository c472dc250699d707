"""How sure the bot must be: three choices in words, each with its effect on the last weeks' questions."""

from domain.caution import THRESHOLDS, Caution
from domain.conversations import RecordedMessages
from domain.knowledge import Draft, Evidence
from tests.web.conftest import Browser
from tests.web.shop import SHIPPING, Shop

DRAFT = Draft(text="Yes.", citations=(), model="extractive")


def part(page: str) -> str:
    return " ".join(page.partition('id="caution"')[2].partition("</section>")[0].split())


async def asked(shop: Shop, name: str, evidence: Evidence, *, minutes: float = 10) -> None:
    record = await shop.says(await shop.talk(name, minutes=minutes), "Do you ship?", minutes=minutes)
    await shop.services.conversations.record(RecordedMessages(record=record), evidence=(f"turn-{name}", evidence))


async def test_the_owner_sees_what_each_choice_would_have_done(browser: Browser, shop: Shop) -> None:
    careful, eager = THRESHOLDS[Caution.CAREFUL].threshold, THRESHOLDS[Caution.EAGER].threshold
    for number, confidence in enumerate((careful + 0.01, eager, eager)):
        suggestions = ("Do you ship to Chile?",) if number == 1 else ()
        found = SHIPPING.model_copy(update={"confidence": confidence, "draft": DRAFT, "suggestions": suggestions})
        await asked(shop, f"Customer {number}", found)
    await asked(shop, "Nothing", Evidence())
    await asked(shop, "Oldest", SHIPPING.model_copy(update={"draft": DRAFT}), minutes=31 * 24 * 60)
    shown = part((await (await browser("ana")).get("/channels/website")).text)
    assert "at most about 1 answer in 20 is wrong" in shown
    assert (
        "Of the last 4 questions here: <strong>1</strong> answered, <strong>1</strong> offered near questions, <strong>2</strong>" in shown
    )
    assert "<strong>3</strong> answered, <strong>0</strong> offered near questions, <strong>1</strong> handed to a person" in shown


async def test_a_choice_is_saved_as_its_figure(browser: Browser, shop: Shop) -> None:
    client = await browser("ana")
    done = await client.post("/channels/website/caution", data={"caution": "eager"})
    assert (done.status_code, done.headers["location"]) == (303, "/channels/website?saved=caution#caution")
    policy = (await shop.services.inboxes.get("website")).policy
    assert policy.answer_threshold == THRESHOLDS[Caution.EAGER].threshold
    assert 'value="eager" required checked' in part((await client.get("/channels/website")).text)
    await shop.services.inboxes.set("website", {"answer_threshold": "0.42"})
    assert "a figure of its own: it answers from a confidence of 42%" in part((await client.get("/channels/website")).text)
    assert (await client.post("/channels/website/caution", data={"caution": "reckless"})).status_code == 422
    assert (await (await browser("dana")).post("/channels/website/caution", data={"caution": "eager"})).status_code == 403
