"""What the lists and the thread show, and to whom."""

import re
from html import unescape

import pytest

from domain.channels import SendResult
from domain.conversations import HandOffReason, Status
from domain.ids import derived_id
from domain.knowledge import Citation, Draft, Evidence, ModelUse, Reading, ReadingOutcome
from tests.web.conftest import PART, Browser
from tests.web.shop import HOLDING, SHIPPING, Shop, furnish, passage

NASTY = '<script>alert(1)</script><img src=x onerror=alert(2)> <b hx-get="/x" hx-trigger="load">"\'&'


def _rows(page: str) -> list[str]:
    """The customers' names in the list, from top to bottom."""
    return [unescape(name) for name in re.findall(r'class="row__name cut">([^<]+)<', page)]


def _words(page: str) -> str:
    """What is read on the page."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


async def test_the_three_sections_hold_what_they_say_in_their_order(browser: Browser, shop: Shop) -> None:
    await furnish(shop)
    client = await browser("maya")
    mine = await client.get("/inbox/mine")
    sections = re.findall(r'data-section="(\w+)"[^>]*>(\w+) <span>(\d+)', mine.text)
    assert sections == [("all", "All", "11"), ("bot", "Bot", "4"), ("mine", "Mine", "6")]
    rows = _rows(mine.text)
    assert rows[:3] == ["Priya Raman", "Tomás Vega", "Hannah Lindqvist"]
    assert set(rows[3:]) == {"Okonkwo & Sons", "+44 7700 900142", "Mei Tanaka"}
    assert re.findall(r'class="group"[^>]*>([\w ]+) <span>(\d+)', mine.text) == [("Waiting for you", "3"), ("In progress", "3")]
    assert _rows((await client.get("/inbox/bot")).text) == ["Olga Petrova", "Sam Reed", "Ines Costa", "Ravi Patel"]
    everyone = _rows((await client.get("/inbox/all")).text)
    assert {"Bea Lang", "Jonas Weber", "Priya Raman", "Olga Petrova"} <= set(everyone)


async def test_colleagues_see_the_unowned_flag_but_not_each_others_work(browser: Browser, shop: Shop) -> None:
    await furnish(shop)
    dana = _rows((await (await browser("dana")).get("/inbox/mine")).text)
    assert dana == ["Priya Raman", "Tomás Vega", "Jonas Weber"]


async def test_search_status_and_order_stand_in_the_address(browser: Browser, shop: Shop) -> None:
    await furnish(shop)
    client = await browser("maya")
    assert _rows((await client.get("/inbox/all?q=carafe")).text) == ["Hannah Lindqvist"]
    assert _rows((await client.get("/inbox/all?status=closed")).text) == ["Bea Lang"]
    assert _rows((await client.get("/inbox/all?inbox=orders&status=flagged")).text) == ["Tomás Vega"]
    assert _rows((await client.get("/inbox/all?order=oldest")).text)[0] == "Bea Lang"
    nothing = await client.get("/inbox/all?q=zzzz")
    assert "No conversation fits" in nothing.text
    assert (await client.get("/inbox/theirs")).status_code == 404


async def test_long_lists_come_in_pages(browser: Browser, shop: Shop) -> None:
    for number in range(53):
        record = await shop.talk(f"Customer {number}", minutes=number + 5)
        await shop.says(record, "Hello", minutes=number + 1)
    client = await browser("maya")
    first = await client.get("/inbox/bot")
    assert len(_rows(first.text)) == 50
    more = unescape(re.findall(r'id="more-rows" href="([^"]+)"', first.text)[0])
    rest = await client.get(more, headers={**PART, "hx-target": "a#more-rows"})
    assert "<html" not in rest.text
    assert _rows(rest.text) == ["Customer 50", "Customer 51", "Customer 52"]


async def test_a_flagged_thread_says_why_what_was_told_and_since_when(browser: Browser, shop: Shop) -> None:
    talks = await furnish(shop)
    client = await browser("maya")
    words = _words((await client.get(f"/inbox/mine/{talks['priya'].conversation_id}")).text)
    assert "The bot stopped because the best passage is not certain enough" in words
    assert "6 min waiting" in words
    assert "was told that a person will answer" in words
    assert HOLDING in words
    assert "Private note from Dana Kim" in words
    assert "Confidence 41%" in words
    assert "Answers at 70%" in words
    assert "Page 2, match 0.83" in words
    assert "Back to the bot" in words


async def test_an_answered_flag_shrinks_to_one_line(browser: Browser, shop: Shop) -> None:
    record = await shop.talk("Priya Raman", minutes=20)
    await shop.says(record, "Is the pump covered?", minutes=18)
    record = await shop.flags(record, minutes=17)
    client = await browser("maya")
    assert "Human feedback needed" in _words((await client.get(f"/inbox/mine/{record.conversation_id}")).text)
    record = await shop.takes(record, "maya", hand_off=None, waiting_since=None)
    await shop.answers(record, "Yes, for 36 months.", minutes=10, by="maya")
    words = _words((await client.get(f"/inbox/mine/{record.conversation_id}")).text)
    assert "A person was needed. Answered by Maya Ortiz after 7 min." in words
    assert "The bot stopped because" not in words


async def test_evidence_marks_the_passage_and_opens_its_page(browser: Browser, shop: Shop) -> None:
    talks = await furnish(shop)
    page = (await (await browser("maya")).get(f"/inbox/mine/{talks['priya'].conversation_id}")).text
    assert "<mark>Pumps in AeroBrew 200 and 300 built in 2024 are covered for 36 months" in page
    assert 'href="/knowledge/d-1/pages/2?quote=' in page
    assert 'href="/knowledge/d-9/pages/31?quote=' in page


async def test_what_a_bots_answer_rests_on_is_shown_too(browser: Browser, shop: Shop) -> None:
    talks = await furnish(shop)
    words = _words((await (await browser("maya")).get(f"/inbox/bot/{talks['olga'].conversation_id}")).text)
    assert "What the last answer rests on" in words
    assert "Confidence 93%" in words
    assert "The bot is answering. Take over to reply." in words


async def test_what_a_language_model_made_of_a_turn_is_shown_with_what_it_took(browser: Browser, shop: Shop) -> None:
    talks = await furnish(shop)
    conversation_id = talks["olga"].conversation_id
    turn_id = derived_id("turn", conversation_id)
    quote = "Parcels to Chile take 5 to 8 working days"
    draft = Draft(
        text="Yes.", citations=(Citation(document="Shipping times.pdf", page=3, document_id="d-1", quote=quote),), model="llama3.1:8b"
    )
    use = ModelUse(model="llama3.1:8b", calls=2, input_tokens=1_204, output_tokens=61, latency_ms=1_400, cost=0.0007)
    reading = Reading(outcome=ReadingOutcome.ANSWERED, draft=draft, prompt_version="grounded-2", second_look=True, use=use)
    understood = SHIPPING.model_copy(update={"looked_up": "Do you ship to Chile?"})
    await shop.services.conversations.keep_reading(conversation_id, turn_id, reading, evidence=understood)
    page = (await (await browser("maya")).get(f"/inbox/bot/{conversation_id}")).text
    words = _words(page)
    assert "Understood as “Do you ship to Chile?”" in words
    assert "Answered from the passages" in words
    assert "llama3.1:8b" in words
    assert "1.4 s, 1,204 tokens read, 61 written, cost 0.0007" in words
    assert "grounded-2, looked at twice" in words
    assert f"<mark>{quote}</mark>" in page, "the model's own quote is marked"


async def test_why_a_language_models_answer_was_refused_is_shown(browser: Browser, shop: Shop) -> None:
    record = await shop.talk("Ida Roth", minutes=9)
    await shop.says(record, "Do you ship to Peru?", minutes=8)
    await shop.flags(record, HandOffReason.MISSING_KNOWLEDGE, minutes=7)
    why = "The language model's answer was refused: it gives a name that its quote does not have"
    reading = Reading(outcome=ReadingOutcome.UNSUPPORTED, detail=why, use=ModelUse(model="m", calls=1, latency_ms=900))
    await shop.services.conversations.keep_reading(record.conversation_id, derived_id("turn", record.conversation_id), reading)
    words = _words((await (await browser("maya")).get(f"/inbox/mine/{record.conversation_id}")).text)
    assert "Its answer did not pass the checks: it gives a name that its quote does not have" in words
    assert "Took 0.9 s" in words


async def test_history_shows_earlier_episodes_with_their_summary(browser: Browser, shop: Shop) -> None:
    first = await shop.talk("Priya Raman", minutes=3000)
    await shop.says(first, "Where is my parcel?", minutes=2999)
    closed = shop.engine.records[first.conversation_id].model_copy(
        update={"status": Status.CLOSED, "closed_at": shop.ago(1500), "version": 9}
    )
    await shop.services.conversations.close(closed, "Asked for a parcel; it arrived.")
    again = first.model_copy(update={"conversation_id": "second-episode", "version": 1, "opened_at": shop.ago(20)})
    await shop.engine.write(again)
    await shop.says(again, "Hello again", minutes=10)
    client = await browser("maya")
    panel = await client.get("/inbox/all/second-episode?panel=history", headers={**PART, "hx-target": "aside#panel"})
    assert "Asked for a parcel; it arrived." in panel.text
    assert "<html" not in panel.text
    assert "Continues an earlier conversation" in (await client.get("/inbox/all/second-episode")).text


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (SendResult.SENT, "Sent"),
        (SendResult.FAILED, "Not delivered: the address is unknown"),
        (SendResult.UNKNOWN, "Unknown: it may have arrived"),
        (SendResult.RETRY, "Sending"),
    ],
)
async def test_delivery_is_told_in_words(browser: Browser, shop: Shop, result: SendResult, words: str) -> None:
    record = await shop.talk("Priya Raman")
    await shop.says(record, "Hello?", minutes=5)
    record = await shop.takes(record, "maya")
    await shop.answers(record, "Good morning!", minutes=1, by="maya", result=result)
    page = await (await browser("maya")).get(f"/inbox/mine/{record.conversation_id}")
    assert words in _words(page.text)


async def test_opening_marks_as_seen_unless_a_viewer_does(browser: Browser, shop: Shop) -> None:
    talks = await furnish(shop)
    address = f"/inbox/all/{talks['tomas'].conversation_id}"
    await (await browser("luis")).get(address)
    assert (await shop.services.conversations.get(talks["tomas"].conversation_id)).unread == 2
    await (await browser("maya")).get(address)
    assert (await shop.services.conversations.get(talks["tomas"].conversation_id)).unread == 0


async def test_one_address_gives_the_page_or_its_part(browser: Browser, shop: Shop) -> None:
    talks = await furnish(shop)
    client = await browser("maya")
    address = f"/inbox/mine/{talks['priya'].conversation_id}"
    whole = await client.get(address)
    thread = await client.get(address, headers={**PART, "hx-target": "section#thread"})
    for answer in (whole, thread):
        assert "HX-Request-Type" in answer.headers["vary"]
    assert whole.text.startswith("\n<!doctype html>") or "<!doctype html>" in whole.text[:200]
    assert "<html" not in thread.text
    assert 'id="thread"' in thread.text
    assert 'id="panel"' in thread.text
    assert 'hx-swap-oob="outerMorph"' in thread.text
    rows = await client.get("/inbox/mine?open=x", headers={**PART, "hx-target": "section#list"})
    assert 'id="list"' in rows.text
    assert 'id="thread"' not in rows.text


async def test_permanent_address_and_first_page(browser: Browser, shop: Shop) -> None:
    talks = await furnish(shop)
    client = await browser("maya")
    moved = await client.get(f"/conversations/{talks['bea'].conversation_id}")
    assert moved.headers["location"] == f"/inbox/all/{talks['bea'].conversation_id}"
    assert (await client.get("/")).headers["location"] == "/inbox/mine"
    assert (await client.get("/inbox/mine/no-such-conversation")).status_code == 404


async def test_what_customers_write_is_shown_and_never_run(browser: Browser, shop: Shop) -> None:
    record = await shop.talk(NASTY)
    await shop.says(record, NASTY, minutes=4)
    bad = Evidence(passages=(passage(f"{NASTY}.pdf", 1, NASTY, 0.5),), confidence=0.2)
    await shop.flags(record, HandOffReason.MISSING_KNOWLEDGE, minutes=3, detail=NASTY, evidence=bad)
    await shop.services.teamwork.add_note(record.conversation_id, shop.people["dana"].id, NASTY, note_id="n-1")
    page = (await (await browser("maya")).get(f"/inbox/mine/{record.conversation_id}")).text
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert '<b hx-get="/x"' not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert re.search(r'<div class="bubble"[^>]* hx-ignore>', page)


async def test_the_pulse_names_who_began_to_wait_since(browser: Browser, shop: Shop) -> None:
    talks = await furnish(shop)
    client = await browser("maya")
    all_flags = await client.get("/pulse?after=0", headers=PART)
    assert len(re.findall('role="alert"', all_flags.text)) == 2
    assert 'data-flagged="2"' in all_flags.text
    newer = await client.get(f"/pulse?after={shop.ago(5).timestamp()}", headers=PART)
    assert "Tomás Vega" in newer.text
    assert "Priya Raman" not in newer.text
    left_out = await client.get(f"/pulse?after=0&but={talks['priya'].conversation_id},{talks['tomas'].conversation_id}", headers=PART)
    assert 'role="alert"' not in left_out.text


async def test_a_holding_line_that_failed_told_the_customer_nothing(browser: Browser, shop: Shop) -> None:
    record = await shop.talk("Priya Raman")
    await shop.says(record, "Is the pump covered?", minutes=5)
    await shop.flags(record, minutes=4, told=SendResult.FAILED)
    page = await (await browser("maya")).get(f"/inbox/mine/{record.conversation_id}")
    assert "has not been told anything yet" in page.text


async def test_a_conversation_without_a_message_does_not_claim_an_attachment(browser: Browser, shop: Shop) -> None:
    """A person opened it to write first."""
    await shop.talk("Priya Raman")
    page = await (await browser("maya")).get("/inbox/all")
    assert "No message yet" in page.text
    assert "Attachment" not in page.text


async def test_why_the_bot_stopped_is_still_told_when_the_flag_is_over(browser: Browser, shop: Shop) -> None:
    record = await shop.talk("Priya Raman")
    await shop.says(record, "Is the pump covered?", minutes=5)
    flagged = await shop.flags(record, minutes=4)
    await shop.answers(flagged, "Yes, for 36 months.", minutes=3, by="maya")
    await shop.engine.write(shop.engine.records[record.conversation_id], status=Status.BOT, hand_off=None, waiting_since=None)
    await shop.says(record, "Thank you!", minutes=1)
    words = (await (await browser("maya")).get(f"/inbox/all/{record.conversation_id}")).text
    assert "Why the bot stopped" in words
    assert "“Is the pump covered?”" in words
    assert "It was not sure enough" in words
