"""Rules are tried on the last weeks' conversations before they are saved."""

from domain.conversations import RecordedMessages
from domain.knowledge import Draft, Evidence
from tests.web.conftest import Browser
from tests.web.shop import SHIPPING, Shop

FORM = {"keywords": "", "upset_threshold": "0.4", "repeats_before_offer": "3", "person_requests": "true", "unreadable_to_person": "true"}


async def asked(shop: Shop, name: str, text: str, evidence: Evidence, *, minutes: float = 10) -> None:
    record = await shop.talk(name, minutes=minutes)
    record = await shop.says(record, text, minutes=minutes)
    await shop.services.conversations.record(RecordedMessages(record=record), evidence=(f"turn-{name}", evidence))


async def test_an_admin_sees_who_would_have_been_handed_over_and_nothing_is_saved(browser: Browser, shop: Shop) -> None:
    draft = Draft(text="Yes.", citations=(), model="extractive")
    calm = SHIPPING.model_copy(update={"heard": {"upset": 0.1, "repeats": 0.0}, "draft": draft})
    await asked(shop, "Cleo", "Do you ship?", calm.model_copy(update={"heard": {"upset": 0.3, "repeats": 0.0}}))
    await asked(shop, "Ines", "Is my parcel lost?", calm)
    await asked(shop, "Oldest", "Is my parcel lost?", calm, minutes=31 * 24 * 60)
    client = await browser("ana")
    page = await client.post("/channels/website/people/try", data={**FORM, "upset_threshold": "0.2", "keywords": "parcel"})
    found = page.text.partition('class="trial"')[2].partition("</section>")[0]
    assert "2 conversations of the last 30 days" in found
    assert "Handed over only by these rules: 2" in found
    assert "Cleo" in found
    assert "The customer sounds upset (30%; handed over from 20%)" in found
    assert "The message holds the word “parcel”" in found
    assert "Oldest" not in found
    assert 'value="0.2"' in page.text, "what was tried stands in the form, to be saved or changed"
    policy = (await shop.services.inboxes.get("website")).policy
    assert (policy.upset_threshold, policy.keywords) == (0.4, ())


async def test_what_can_not_be_tried_is_said_beside_its_group(browser: Browser) -> None:
    wrong = await (await browser("ana")).post("/channels/website/people/try", data={**FORM, "upset_threshold": "very"})
    assert wrong.status_code == 422
    assert "upset_threshold" in wrong.text.partition('id="people"')[2].partition("</section>")[0]


async def test_only_an_admin_may_try(browser: Browser) -> None:
    dana = await browser("dana")
    assert (await dana.post("/channels/website/people/try", data=FORM)).status_code == 403
    assert "Try on the last 30 days" not in (await dana.get("/channels/website")).text


async def test_without_conversations_it_says_so(browser: Browser) -> None:
    page = await (await browser("ana")).post("/channels/website/answers/try", data={"answer_threshold": "0.5", "quiet_window_seconds": "2"})
    assert "There are no conversations of the last 30 days" in page.text
