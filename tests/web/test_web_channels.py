"""The channels pages: connecting one, testing it live, and how the bot behaves in it."""

import re

import pytest

from channels.registry import FEATURES
from domain.channels import ChannelKind
from domain.policy import Policy
from tests.web.conftest import Browser
from tests.web.shop import Shop
from web.behaviour import GROUPS


async def test_admins_see_where_vendors_write_and_no_secret(browser: Browser) -> None:
    page = await (await browser("maya")).get("/channels/orders")
    assert "https://desk.example/webhooks/rest/orders" in page.text
    assert "s" * 24 not in page.text
    assert "https://desk.example/chat/website" in (await (await browser("maya")).get("/channels/website")).text


async def test_others_see_how_the_bot_behaves_and_not_the_address(browser: Browser) -> None:
    dana = await browser("dana")
    page = await dana.get("/channels/orders")
    assert "Answers from a confidence of" in page.text
    assert "/webhooks/" not in page.text
    assert "<button" not in page.text.partition('id="answers"')[2].partition("</section>")[0]
    for path in ("/channels/orders/answers", "/channels/orders/connection", "/channels/orders/test", "/connect/telegram"):
        assert (await dana.post(path, data={"name": "x"})).status_code == 403


async def test_saving_one_group_changes_nothing_in_another(browser: Browser, shop: Shop) -> None:
    client = await browser("ana")
    form = {"keywords": "lawyer, press", "reply_timeout_minutes": "45", "idle_timeout_minutes": "90", "business_hours": ""}
    saved = await client.post("/channels/website/people", data=form)
    assert saved.headers["location"] == "/channels/website?saved=people#people"
    policy = (await shop.services.inboxes.get("website")).policy
    assert (policy.keywords, policy.reply_timeout_minutes, policy.show_sources) == (("lawyer", "press"), 45.0, True)
    await client.post("/channels/website/answers", data={"answer_threshold": "0.7", "quiet_window_seconds": "1", "instructions": ""})
    changed = (await shop.services.inboxes.get("website")).policy
    assert (changed.answer_threshold, changed.show_sources, changed.keywords) == (0.7, False, ("lawyer", "press"))


async def test_an_empty_time_switches_a_notice_off(browser: Browser, shop: Shop) -> None:
    form = {"notify_email_after_minutes": "3", "notify_sms_after_minutes": ""}
    await (await browser("ana")).post("/channels/website/telling", data=form)
    policy = (await shop.services.inboxes.get("website")).policy
    assert (policy.notify_email_after_minutes, policy.notify_sms_after_minutes) == (3.0, None)


async def test_what_can_not_be_saved_is_said_beside_its_group(browser: Browser) -> None:
    wrong = await (await browser("ana")).post("/channels/website/answers", data={"answer_threshold": "very sure"})
    assert wrong.status_code == 422
    group = wrong.text.partition('id="answers"')[2].partition("</section>")[0]
    assert 'role="alert"' in group
    assert "answer_threshold" in group


@pytest.mark.parametrize("kind", list(FEATURES))
async def test_every_channel_has_steps_and_asks_for_what_it_needs(browser: Browser, kind: ChannelKind) -> None:
    page = (await (await browser("maya")).get(f"/connect/{kind.value}")).text
    steps = page.partition('class="steps"')[2].partition("</ol>")[0]
    assert steps.count("<li>") >= 1
    asked = set(re.findall(r'<input class="input"[^>]* name="(\w+)"', page))
    assert set(FEATURES[kind].required_settings) <= asked
    assert asked - {"name", "id"} <= set(FEATURES[kind].settings)


async def test_connecting_shows_once_what_must_be_entered_at_the_vendor(browser: Browser, shop: Shop) -> None:
    client = await browser("maya")
    form = {"name": "Our page", "id": "page", "page_id": "3100", "access_token": "EAA-token", "app_secret": "the-app-secret"}
    page = await client.post("/connect/messenger", data=form)
    assert (page.status_code, page.headers["cache-control"]) == (201, "no-store")
    made = (await shop.services.inboxes.credentials("page"))["verify_token"]
    assert made in page.text
    assert "https://desk.example/webhooks/messenger/page" in page.text
    assert "EAA-token" not in page.text
    again = await client.get("/channels/page")
    assert made not in again.text
    assert "the-app-secret" not in again.text
    assert "There is one. Empty: it stays." in again.text


async def test_a_mistake_while_connecting_keeps_what_was_typed_and_no_secret(browser: Browser, shop: Shop) -> None:
    client = await browser("maya")
    page = await client.post("/connect/telegram", data={"name": "Bot", "id": "Not A Slug", "bot_token": "7000:secret"})
    assert page.status_code == 422
    assert 'value="Not A Slug"' in page.text
    assert "7000:secret" not in page.text
    taken = await client.post("/connect/rest", data={"name": "Orders", "id": "orders"})
    assert (taken.status_code, "choose another id" in taken.text) == (409, True)


async def test_an_empty_secret_stays_and_an_empty_address_goes(browser: Browser, shop: Shop) -> None:
    client = await browser("maya")
    await client.post("/channels/orders/connection", data={"secret": "", "callback_url": "https://shop.example/in"})
    before = await shop.services.inboxes.credentials("orders")
    assert (before["callback_url"], bool(before["secret"])) == ("https://shop.example/in", True)
    await client.post("/channels/orders/connection", data={"secret": "", "callback_url": ""})
    after = await shop.services.inboxes.credentials("orders")
    assert "callback_url" not in after
    assert after["secret"] == before["secret"]


async def test_the_live_test_says_in_words_what_is_wrong(browser: Browser) -> None:
    client = await browser("maya")
    await client.post("/channels/orders/connection", data={"callback_url": ""})
    page = await client.post("/channels/orders/test")
    assert page.status_code == 200
    assert "callback_url is not set" in page.text
    assert "It works" in (await client.post("/channels/website/test")).text


def test_every_field_of_the_form_is_one_of_the_policys() -> None:
    names = [field.name for group in GROUPS for field in group.fields]
    assert len(names) == len(set(names))
    assert set(Policy.model_fields) - set(names) == {"lines"}, "lines for one language are set by name"


async def test_a_channel_that_needs_a_new_login_is_seen_on_every_page(browser: Browser, shop: Shop) -> None:
    client = await browser("ana")
    assert "new login" not in (await client.get("/team")).text
    await shop.services.tokens.refused("orders", "", "The vendor does not take the token any more; set another one")
    assert "1 needs a new login" in (await client.get("/team")).text
    for path, name in (("/channels", "</a> has not worked"), ("/channels/orders", "This channel has not worked")):
        page = await client.get(path)
        assert name in page.text
        assert "what is to be sent waits. The vendor does not take the token any more; set another one." in " ".join(page.text.split())
    assert "does not take the token" not in (await client.get("/channels/website")).text
