"""Inboxes: settings given as words become a policy and credentials; what can't be used is refused with what would be valid."""

import pytest
from sqlalchemy import select

from domain.caution import THRESHOLDS, Caution
from domain.channels import ChannelKind
from domain.errors import Conflict, InvalidInput, NotFound
from domain.managers import Inbox
from storage import tables
from storage.database import Database
from storage.inboxes import Inboxes


async def test_settings_and_policy_are_told_apart(inboxes: Inboxes) -> None:
    added = await inboxes.add(
        ChannelKind.REST,
        "Our shop",
        inbox_id=None,
        settings={
            "secret": "hush",
            "callback_url": "https://shop.example/in",
            "quiet_window_seconds": "0.05",
            "keywords": "refund, lawyer ,",
            "show_sources": "false",
            "notify_sms_after_minutes": "never",
        },
    )
    assert (added.id, added.name, added.policy_version) == ("our-shop", "Our shop", 1)
    assert added.public_settings == {"callback_url": "https://shop.example/in"}
    assert (added.policy.quiet_window_seconds, added.policy.keywords, added.policy.show_sources) == (0.05, ("refund", "lawyer"), False)
    assert added.policy.notify_sms_after_minutes is None
    assert await inboxes.credentials("our-shop") == {"secret": "hush", "callback_url": "https://shop.example/in"}
    assert await inboxes.get("our-shop") == added
    assert await inboxes.list() == (added,)


async def test_ids_are_made_from_names_and_stay_unique(inboxes: Inboxes) -> None:
    names = ["Café São Paulo!", "cafe sao paulo", "店"]
    added = [await inboxes.add(ChannelKind.WEBCHAT, name, inbox_id=None, settings={}) for name in names]
    assert [inbox.id for inbox in added] == ["cafe-sao-paulo", "cafe-sao-paulo-2", "inbox"]


async def test_an_id_is_taken_once(inboxes: Inboxes, inbox: Inbox) -> None:
    with pytest.raises(Conflict, match="shop"):
        await inboxes.add(ChannelKind.WEBCHAT, "Another", inbox_id="shop", settings={})


async def test_a_secret_nobody_gave_is_drawn(inboxes: Inboxes, inbox: Inbox) -> None:
    telegram = await inboxes.add(ChannelKind.TELEGRAM, "Bot", inbox_id=None, settings={"bot_token": "1:a"})
    assert len((await inboxes.credentials(inbox.id))["secret"]) > 32
    assert len((await inboxes.credentials(telegram.id))["webhook_secret"]) > 32


@pytest.mark.parametrize(
    ("channel", "settings", "says"),
    [
        (ChannelKind.REST, {"sekret": "x"}, "sekret.*secret, callback_url.*answer_threshold"),
        (ChannelKind.REST, {"answer_threshold": "2"}, "answer_threshold"),
        (ChannelKind.REST, {"idle_timeout_minutes": "soon"}, "idle_timeout_minutes"),
        (ChannelKind.REST, {"reply_timeout_minutes": "1e15"}, "reply_timeout_minutes"),
        (ChannelKind.REST, {"idle_timeout_minutes": "inf"}, "idle_timeout_minutes"),
        (ChannelKind.REST, {"notify_sms_after_minutes": "inf"}, "notify_sms_after_minutes"),
        (ChannelKind.REST, {"quiet_window_seconds": "nan"}, "quiet_window_seconds"),
        (ChannelKind.REST, {"keywords": "[1"}, "keywords"),
        (ChannelKind.TELEGRAM, {}, "bot_token"),
        (ChannelKind.SMS, {}, "not available"),
    ],
)
async def test_unusable_settings_are_refused(inboxes: Inboxes, channel: ChannelKind, settings: dict[str, str], says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        await inboxes.add(channel, "Shop", inbox_id=None, settings=settings)
    assert await inboxes.list() == ()


@pytest.mark.parametrize(("name", "inbox_id"), [(" ", None), ("Shop", "Not A Slug"), ("Shop", "-x"), ("Shop", "")])
async def test_unusable_names_are_refused(inboxes: Inboxes, name: str, inbox_id: str | None) -> None:
    with pytest.raises(InvalidInput):
        await inboxes.add(ChannelKind.WEBCHAT, name, inbox_id=inbox_id, settings={})


async def test_setting_changes_what_is_named_and_raises_the_version(inboxes: Inboxes, inbox: Inbox) -> None:
    secret = (await inboxes.credentials("shop"))["secret"]
    changed = await inboxes.set("shop", {"answer_threshold": "0.7", "keywords": '["one, two"]'})
    assert (changed.policy.answer_threshold, changed.policy.keywords, changed.policy_version) == (0.7, ("one, two",), 2)
    assert await inboxes.credentials("shop") == {"secret": secret, "callback_url": "https://shop.example/answers"}
    changed = await inboxes.set("shop", {"secret": "new", "callback_url": ""})
    assert (changed.policy.answer_threshold, changed.policy_version, changed.public_settings) == (0.7, 3, {})
    assert await inboxes.credentials("shop") == {"secret": "new"}
    with pytest.raises(InvalidInput, match="colour"):
        await inboxes.set("shop", {"colour": "red"})


async def test_a_required_setting_cannot_be_taken_away(inboxes: Inboxes) -> None:
    telegram = await inboxes.add(ChannelKind.TELEGRAM, "Bot", inbox_id=None, settings={"bot_token": "1:a"})
    with pytest.raises(InvalidInput, match="bot_token"):
        await inboxes.set(telegram.id, {"bot_token": ""})


async def test_unknown_inboxes_are_not_found(inboxes: Inboxes) -> None:
    for call in (inboxes.get("x"), inboxes.credentials("x"), inboxes.set("x", {})):
        with pytest.raises(NotFound, match="x"):
            await call


async def test_secrets_are_encrypted_at_rest(inboxes: Inboxes, db: Database) -> None:
    await inboxes.add(ChannelKind.TELEGRAM, "Bot", inbox_id=None, settings={"bot_token": "12345:token"})
    async with db.read() as connection:
        row = (await connection.execute(select(tables.inboxes))).one()
    assert "12345:token" not in str(tuple(row))


async def test_caution_is_a_word_for_the_threshold(inboxes: Inboxes, inbox: Inbox) -> None:
    changed = await inboxes.set("shop", {"caution": "Eager", "documents": "shop.pdf, returns.pdf"})
    assert changed.policy.answer_threshold == THRESHOLDS[Caution.EAGER].threshold
    assert changed.policy.documents == ("shop.pdf", "returns.pdf")
    with pytest.raises(InvalidInput, match="careful, balanced, eager"):
        await inboxes.set("shop", {"caution": "reckless"})
