"""Replies and the set-up of a Telegram inbox, against the stand-in on a real socket."""

import asyncio
from collections.abc import AsyncIterator
from ipaddress import ip_network

import pytest

from channels.outgoing import OutgoingHttp, Timeouts
from channels.telegram import ALLOWED_UPDATES, Telegram
from domain.channels import ChannelKind, SendOutcome, SendResult
from domain.messages import MessageRef, OutboundMessage
from domain.rich_text import Emphasis
from tests.channels.cases import TELEGRAM_CREDENTIALS, outbound, recipient
from tests.vendors.rest_receiver import Fault
from tests.vendors.telegram import TOKEN, TelegramApi

CHAT = 6_103_344_556
HOOK = "https://desk.example/webhooks/telegram/t"


@pytest.fixture
async def api() -> AsyncIterator[TelegramApi]:
    async with TelegramApi(CHAT) as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[OutgoingHttp]:
    limits = Timeouts(connect=2.0, read=1.0, write=2.0, pool=5.0, whole=6.0)
    async with OutgoingHttp(allowed_networks=[ip_network("127.0.0.0/8")], timeouts=limits) as client:
        yield client


async def send(http: OutgoingHttp, api: TelegramApi, message: OutboundMessage | None = None, to: str = str(CHAT)) -> SendOutcome:
    channel = Telegram(http, api_url=api.url)
    return await channel.send(message or outbound(), recipient(to, ChannelKind.TELEGRAM), TELEGRAM_CREDENTIALS)


async def test_a_reply_arrives_as_plain_text_under_the_message_it_answers(http: OutgoingHttp, api: TelegramApi) -> None:
    refs = (MessageRef(id="a", provider_id=f"{CHAT}:11"), MessageRef(id="b", provider_id=f"{CHAT}:12:990000001"))
    outcome = await send(http, api, outbound(text="Sí: *no* es <b>negrita</b> 👋", in_reply_to=refs))
    (message,) = api.to(CHAT)
    assert outcome == SendOutcome(result=SendResult.SENT, provider_id=f"{CHAT}:{message.id}")
    assert message.text == "Sí: *no* es <b>negrita</b> 👋"
    assert message.body["reply_parameters"] == {"message_id": 12, "allow_sending_without_reply": True}
    assert "parse_mode" not in message.body


@pytest.mark.parametrize("provider_id", [None, "2622", "777:11", f"{CHAT}@bc-7:50", "x:y"])
async def test_nothing_of_another_chat_is_quoted(http: OutgoingHttp, api: TelegramApi, provider_id: str | None) -> None:
    await send(http, api, outbound(in_reply_to=(MessageRef(id="a", provider_id=provider_id),)))
    assert "reply_parameters" not in api.to(CHAT)[0].body


async def test_an_answer_goes_to_the_topic_and_the_account_that_was_written_to(http: OutgoingHttp, api: TelegramApi) -> None:
    outcome = await send(http, api, to=f"{CHAT}/77@bc:7")
    (message,) = api.to(CHAT)
    assert (message.body["message_thread_id"], message.body["business_connection_id"]) == (77, "bc:7")
    assert outcome.provider_id == f"{CHAT}/77@bc:7:{message.id}"


async def test_quick_replies_are_buttons_whose_words_come_back(http: OutgoingHttp, api: TelegramApi) -> None:
    long = "¿Cuánto tarda un envío a la Antártida en invierno, con nieve y sin trineo?"
    await send(http, api, outbound(text="¿Cuál?\n1. Sí\n2. ...", quick_replies=("Sí", long)))
    assert api.to(CHAT)[0].buttons == (("Sí", "Sí"), (long, "#2"))


async def test_what_is_emphasised_is_an_entity_counted_as_telegram_counts(http: OutgoingHttp, api: TelegramApi) -> None:
    text = "👟👟 Tallas: 36 a 42"
    await send(http, api, outbound(text=text, emphasis=(Emphasis(start=3, length=6),)))
    assert api.to(CHAT)[0].body["entities"] == [{"type": "bold", "offset": 5, "length": 6}]


@pytest.mark.parametrize(
    ("status", "body", "result", "words"),
    [
        (403, {"description": "Forbidden: bot was blocked by the user"}, SendResult.FAILED, "The customer has blocked the bot"),
        (403, {"description": "Forbidden: user is deactivated"}, SendResult.FAILED, "no longer exists"),
        (403, {"description": "Forbidden: something new"}, SendResult.FAILED, "Telegram answered: Forbidden: something new"),
        (400, {"description": "Bad Request: chat not found"}, SendResult.FAILED, "does not know this chat"),
        (400, {"description": "Bad Request: odd"}, SendResult.FAILED, "odd"),
        (401, {"description": "Unauthorized"}, SendResult.FAILED, "bot_token"),
        (404, {"description": "Not Found"}, SendResult.FAILED, "bot_token"),
        (409, {"description": "Conflict"}, SendResult.FAILED, "Conflict"),
        (413, {"description": "Request Entity Too Large"}, SendResult.FAILED, "Too Large"),
        (500, {"description": "Internal Server Error"}, SendResult.UNKNOWN, "Internal Server Error"),
        (502, {"description": "Bad Gateway"}, SendResult.UNKNOWN, "Bad Gateway"),
        (504, {}, SendResult.UNKNOWN, "504"),
        (302, {}, SendResult.FAILED, "FRONTDESK_TELEGRAM_API_URL"),
        (200, {"result": {}}, SendResult.UNKNOWN, "none of Telegram's"),
    ],
)
async def test_each_error_has_one_meaning(
    http: OutgoingHttp, api: TelegramApi, status: int, body: dict[str, object], result: SendResult, words: str
) -> None:
    api.fault(Fault.STATUS, status=status, body={"ok": False, "error_code": status, **body} if body else {})
    outcome = await send(http, api)
    assert (outcome.result, outcome.retry_after) == (result, None)
    assert words in str(outcome.error)
    assert TOKEN not in str(outcome.error)
    assert len(api.calls) == 1


@pytest.mark.parametrize(("parameters", "wait"), [({"retry_after": 17}, 17), ({}, None), ({"retry_after": "soon"}, None)])
async def test_telegram_says_how_long_to_wait(
    http: OutgoingHttp, api: TelegramApi, parameters: dict[str, object], wait: float | None
) -> None:
    api.fault(Fault.STATUS, status=429, body={"ok": False, "error_code": 429, "description": "Too Many", "parameters": parameters})
    outcome = await send(http, api)
    assert (outcome.result, outcome.retry_after) == (SendResult.RETRY, wait)
    assert not api.messages


@pytest.mark.parametrize("fault", [Fault.ACCEPT_THEN_DROP, Fault.HALF_ANSWER, Fault.SLOW, Fault.HTML, Fault.DROP])
async def test_what_is_unclear_is_unknown_and_tried_once(http: OutgoingHttp, api: TelegramApi, fault: Fault) -> None:
    api.fault(fault, seconds=30, status=502)
    assert (await send(http, api)).result is SendResult.UNKNOWN
    assert len(api.calls) == 1
    assert len(api.messages) == (0 if fault is Fault.DROP else 1)


async def test_a_page_with_status_200_is_no_success(http: OutgoingHttp, api: TelegramApi) -> None:
    api.fault(Fault.HTML, status=200, takes_in=False)
    assert (await send(http, api)).result is SendResult.UNKNOWN


async def test_nobody_there_is_tried_again(http: OutgoingHttp) -> None:
    async with TelegramApi() as gone:
        pass
    outcome = await send(http, gone)
    assert outcome.result is SendResult.RETRY
    assert TOKEN not in str(outcome.error)


@pytest.mark.parametrize(
    ("message", "to", "words"),
    [
        (outbound(text="x" * 4_097), str(CHAT), "too long: 4097 of 4096"),
        (outbound(text="👋" * 2_049), str(CHAT), "too long: 4098 of 4096"),
        (outbound(), "buyer-31", "no Telegram chat"),
    ],
)
async def test_what_can_t_go_out_fails_with_words_and_is_not_cut(
    http: OutgoingHttp, api: TelegramApi, message: OutboundMessage, to: str, words: str
) -> None:
    outcome = await send(http, api, message, to)
    assert outcome.result is SendResult.FAILED
    assert words in str(outcome.error)
    assert not api.calls


async def test_the_longest_text_goes_out_whole(http: OutgoingHttp, api: TelegramApi) -> None:
    assert (await send(http, api, outbound(text="👋" * 2_048))).result is SendResult.SENT


@pytest.mark.parametrize("token", ["", "7:abc/../../x", "7:abc?x=1", "not a token", "7:á"])
async def test_a_token_that_can_t_be_one_is_never_put_into_an_address(http: OutgoingHttp, api: TelegramApi, token: str) -> None:
    channel = Telegram(http, api_url=api.url)
    outcome = await channel.send(outbound(), recipient(str(CHAT), ChannelKind.TELEGRAM), {"bot_token": token})
    assert outcome.result is SendResult.FAILED
    assert "bot_token" in str(outcome.error)
    assert not api.calls


async def test_many_replies_at_once_all_arrive(http: OutgoingHttp, api: TelegramApi) -> None:
    outcomes = await asyncio.gather(*(send(http, api, outbound(id=f"o-{number}")) for number in range(50)))
    assert {outcome.result for outcome in outcomes} == {SendResult.SENT}
    assert len({outcome.provider_id for outcome in outcomes}) == len(api.messages) == 50


# Set-up


async def test_a_check_names_the_bot_and_sets_the_webhook(http: OutgoingHttp, api: TelegramApi) -> None:
    checked = await Telegram(http, api_url=api.url).check(TELEGRAM_CREDENTIALS, webhook_url=HOOK)
    assert checked.problems == ()
    assert checked.notes == ("The token is @galpon_norte_bot's.", f"Telegram delivers to {HOOK}.")
    assert api.webhook == {
        "url": HOOK,
        "secret_token": TELEGRAM_CREDENTIALS["webhook_secret"],
        "allowed_updates": list(ALLOWED_UPDATES),
    }


@pytest.mark.parametrize(
    ("changes", "url", "words"),
    [
        ({"bot_token": "7000000042:AAF-another"}, HOOK, "does not know this bot_token"),
        ({"bot_token": ""}, HOOK, "bot_token is missing"),
        ({"webhook_secret": "with spaces"}, HOOK, "webhook_secret must be"),
        ({"webhook_secret": ""}, HOOK, "webhook_secret must be"),
        ({}, "http://127.0.0.1:8000/webhooks/telegram/t", "FRONTDESK_PUBLIC_URL"),
    ],
)
async def test_a_check_says_what_is_wrong(http: OutgoingHttp, api: TelegramApi, changes: dict[str, str], url: str, words: str) -> None:
    checked = await Telegram(http, api_url=api.url).check({**TELEGRAM_CREDENTIALS, **changes}, webhook_url=url)
    assert len(checked.problems) == 1
    assert words in checked.problems[0]
    assert not api.webhook


async def test_a_check_says_that_telegram_can_t_be_reached(http: OutgoingHttp) -> None:
    async with TelegramApi() as gone:
        pass
    checked = await Telegram(http, api_url=gone.url).check(TELEGRAM_CREDENTIALS, webhook_url=HOOK)
    assert "can't be reached" in checked.problems[0]
    assert TOKEN not in checked.problems[0]


async def test_the_stand_in_catches_us_when_we_break_the_contract(http: OutgoingHttp) -> None:
    strict = TelegramApi(CHAT)
    await strict.__aenter__()
    await http.request(
        "POST",
        f"{strict.url}/bot{TOKEN}/sendMessage",
        headers={"content-type": "application/json"},
        content=b'{"chat_id": 6103344556, "text": "", "parse_mode": "HTML"}',
    )
    with pytest.raises(AssertionError, match="parse_mode"):
        await strict.__aexit__(None, None, None)
