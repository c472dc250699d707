"""Who is there and what each is offered, as the dashboard shows and changes it; and offers in the list and the thread."""

from datetime import timedelta

import pytest

from domain.conversations import Due, Status
from domain.managers import Availability
from tests.web.conftest import Browser
from tests.web.shop import Shop


async def present(shop: Shop, who: str) -> Availability:
    return shop.services.attendance.present(await shop.services.people.get(shop.people[who].id))


async def test_an_open_dashboard_is_a_sign_of_life(browser: Browser, shop: Shop) -> None:
    assert await present(shop, "dana") is Availability.AWAY
    await (await browser("dana")).get("/inbox/mine")
    assert await present(shop, "dana") is Availability.AVAILABLE
    assert await present(shop, "maya") is Availability.AWAY


async def test_a_person_says_busy_and_comes_back_to_the_page(browser: Browser, shop: Shop) -> None:
    client = await browser("dana")
    said = await client.post("/availability", data={"availability": "busy"}, headers={"referer": "https://desk.example/inbox/bot?q=x"})
    assert (said.status_code, said.headers["location"]) == (303, "/inbox/bot?q=x")
    assert await present(shop, "dana") is Availability.BUSY
    page = (await client.get("/team")).text
    assert "You: Dana Kim, busy" in page
    assert (await client.post("/availability", data={"availability": "asleep"})).status_code == 422
    assert (await (await browser("luis")).post("/availability", data={"availability": "away"})).status_code == 403, (
        "a viewer answers nobody"
    )


@pytest.mark.parametrize("elsewhere", ["https://evil.example//evil.example", "https://evil.example/", ""])
async def test_saying_so_never_leads_to_another_site(browser: Browser, elsewhere: str) -> None:
    said = await (await browser("dana")).post("/availability", data={"availability": "away"}, headers={"referer": elsewhere})
    assert said.headers["location"] == "/"


async def test_an_admin_sets_a_person_up_and_others_only_look(browser: Browser, shop: Shop) -> None:
    admin, address = await browser("ana"), f"/team/{shop.people['dana'].id}"
    form = {"capacity": "4", "languages": "es, pt-BR", "hours": "UTC; mon-fri 09:00-17:00", "inbox": "orders"}
    assert (await admin.post(address, data=form)).status_code == 303
    dana = await shop.services.people.get(shop.people["dana"].id)
    assert (dana.capacity, dana.languages, dana.inboxes, dana.hours) == (4, ("es", "pt"), ("orders",), "UTC; mon-fri 09:00-17:00")
    assert "0 of 4" in (await admin.get("/team")).text
    wrong = await admin.post(address, data={**form, "hours": "nine to five"})
    assert wrong.status_code == 422
    assert "nine to five" in wrong.text, "what was written is kept"
    assert "no time zone" in wrong.text
    client = await browser("dana")
    assert (await client.post(address, data=form)).status_code == 403
    assert "readonly" in (await client.get(address)).text


async def test_an_offer_is_shown_to_both_with_its_time(browser: Browser, shop: Shop) -> None:
    priya = await shop.talk("Priya Raman")
    flagged = await shop.flags(priya, minutes=4)
    until = shop.now + timedelta(minutes=3)
    await shop.engine.write(flagged, offered_to=shop.people["dana"].id, due=Due(offer_at=until))
    dana, maya = await browser("dana"), await browser("maya")
    hers = (await dana.get(f"/inbox/mine/{priya.conversation_id}")).text
    assert f"Offered to you until {until:%H:%M}" in hers
    assert f'Yours<span class="vh"> until</span> {until:%H:%M}' in hers
    assert "Priya Raman" not in (await maya.get("/inbox/mine")).text
    seen = (await maya.get(f"/inbox/all/{priya.conversation_id}")).text
    assert f"Offered to Dana Kim until {until:%H:%M}. You may take it all the same." in seen
    taken = await maya.post(f"/conversations/{priya.conversation_id}/take", data={"back": "/inbox/all"})
    assert taken.status_code == 303
    late = await dana.post(f"/conversations/{priya.conversation_id}/take", data={"back": "/inbox/mine"})
    assert late.status_code == 409
    assert "Maya Ortiz" in late.text, "the second is told who has it"


async def test_in_line_says_so(browser: Browser, shop: Shop) -> None:
    priya = await shop.talk("Priya Raman")
    flagged = await shop.flags(priya, minutes=4)
    await shop.engine.write(flagged, status=Status.FLAGGED, in_line_since=shop.ago(4))
    page = (await (await browser("dana")).get(f"/inbox/mine/{priya.conversation_id}")).text
    assert "In line: nobody is free" in page


async def test_a_due_answer_says_when_and_how_late_in_words(browser: Browser, shop: Shop) -> None:
    states = (("later", 45, "due "), ("soon", 5, "due "), ("late", -7, "late 7m"))
    for name, minutes, words in states:
        talk = await shop.talk(name.title())
        flagged = await shop.flags(talk, minutes=4)
        at = shop.now + timedelta(minutes=minutes)
        await shop.engine.write(flagged, due=Due(target_at=at))
        page = (await (await browser("dana")).get(f"/inbox/mine/{talk.conversation_id}")).text
        assert words in page
        assert ("7 min late" if minutes < 0 else f"An answer is due by {at:%H:%M}") in page
