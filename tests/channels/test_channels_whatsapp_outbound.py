"""Replies and the set-up of a WhatsApp inbox, against the stand-in on a real socket."""

import asyncio
from collections.abc import AsyncIterator
from ipaddress import ip_network

import pytest

from channels.outgoing import OutgoingHttp, Timeouts
from channels.whatsapp import WhatsApp
from channels.whatsapp_errors import ERRORS
from domain.channels import ChannelKind, SendOutcome, SendResult
from domain.messages import OutboundMessage
from domain.rich_text import Emphasis
from tests.channels.cases import WHATSAPP_CREDENTIALS, outbound, recipient
from tests.vendors.rest_receiver import Fault
from tests.vendors.whatsapp import TOKEN, WhatsAppApi, error

EMA, PHONE = "AR.7700112233445566", "5493415550101"
HOOK = "https://desk.example/webhooks/whatsapp/w"


@pytest.fixture
async def api() -> AsyncIterator[WhatsAppApi]:
    async with WhatsAppApi() as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[OutgoingHttp]:
    limits = Timeouts(connect=2.0, read=1.0, write=2.0, pool=5.0, whole=6.0)
    async with OutgoingHttp(allowed_networks=[ip_network("127.0.0.0/8")], timeouts=limits) as client:
        yield client


async def send(http: OutgoingHttp, api: WhatsAppApi, message: OutboundMessage | None = None, to: str = EMA) -> SendOutcome:
    channel = WhatsApp(http, graph_url=api.url)
    return await channel.send(message or outbound(), recipient(to, ChannelKind.WHATSAPP), WHATSAPP_CREDENTIALS)


@pytest.mark.parametrize(("to", "name"), [(EMA, "recipient"), ("AR.ENT.77001122", "recipient"), (PHONE, "to")])
async def test_a_reply_goes_to_the_user_id_or_the_number_with_our_id(http: OutgoingHttp, api: WhatsAppApi, to: str, name: str) -> None:
    outcome = await send(http, api, outbound(text="Sí, *hasta* el 30 👟"), to)
    (message,) = api.to(to)
    assert outcome == SendOutcome(result=SendResult.SENT, provider_id=message.id)
    assert (message.text, message.callback_data, message.body[name]) == ("Sí, *hasta* el 30 👟", outbound().id, to)
    assert api.calls[0].path.startswith("/v23.0/")


@pytest.mark.parametrize(
    ("text", "replies", "buttons"),
    [
        ("¿Cuál?", ("Envíos", "Cambios y garantía"), ("Envíos", "Cambios y garantía")),
        ("¿Cuál?\n1. a\n2. b\n3. c\n4. d", ("a", "b", "c", "d"), ()),
        ("¿Cuál?\n1. ¿Hacen envíos al sur?", ("¿Hacen envíos al sur?",), ("1",)),
        ("¿Cuál?\n1. a\n2. a", ("a", "a"), ()),
        ("x" * 1_025, ("a", "b"), ()),
    ],
)
async def test_quick_replies_are_buttons_where_they_fit(
    http: OutgoingHttp, api: WhatsAppApi, text: str, replies: tuple[str, ...], buttons: tuple[str, ...]
) -> None:
    await send(http, api, outbound(text=text, quick_replies=replies))
    assert (api.messages[0].text, api.messages[0].buttons) == (text, buttons)


async def test_what_is_emphasised_is_starred(http: OutgoingHttp, api: WhatsAppApi) -> None:
    emphasis = (Emphasis(start=0, length=5), Emphasis(start=9, length=4))
    await send(http, api, outbound(text="Chile: 5\nPerú: 6", emphasis=emphasis))
    assert api.messages[0].text == "*Chile*: 5\n*Perú*: 6"


def results() -> list[tuple[int, SendResult]]:
    return [
        *((code, SendResult.FAILED) for code in ERRORS.permanent if code < 132000 or code % 25 == 0),
        *((code, SendResult.RETRY) for code in ERRORS.retryable),
        *((code, SendResult.UNKNOWN) for code in ERRORS.ambiguous),
        *((code, SendResult.FAILED) for code in (0, 3, 10, 200, 299, 131005)),
        (190, SendResult.RETRY),
    ]


@pytest.mark.parametrize("status", [400, 500])
@pytest.mark.parametrize(("code", "result"), results())
async def test_a_code_means_the_same_whatever_the_status(
    http: OutgoingHttp, api: WhatsAppApi, status: int, code: int, result: SendResult
) -> None:
    api.fault(Fault.STATUS, status=status, body=error(status, code, "no", "The details").body)
    outcome = await send(http, api)
    assert (outcome.result, outcome.retry_after) == (result, ERRORS.retryable.get(code))
    assert outcome.error
    assert TOKEN not in outcome.error
    assert len(api.calls) == 1


@pytest.mark.parametrize(
    ("status", "body", "result", "words"),
    [
        (400, error(400, 987654, "Odd", "Very odd.").body, SendResult.FAILED, "Meta answered: Very odd (code 987654)"),
        (400, error(400, 987654, "Odd", is_transient=True).body, SendResult.UNKNOWN, "Odd"),
        (503, error(503, 987654, "Odd").body, SendResult.UNKNOWN, "Odd"),
        (500, {}, SendResult.UNKNOWN, "500"),
        (404, {}, SendResult.FAILED, "404"),
        (302, {}, SendResult.FAILED, "FRONTDESK_META_API_URL"),
        (200, error(200, 131000, "no").body, SendResult.UNKNOWN, "no"),
        (200, {"messages": []}, SendResult.UNKNOWN, "names no message"),
        (200, {"messages": [{"id": ""}]}, SendResult.UNKNOWN, "names no message"),
    ],
)
async def test_what_no_table_knows_is_judged_by_its_status(
    http: OutgoingHttp, api: WhatsAppApi, status: int, body: dict[str, object], result: SendResult, words: str
) -> None:
    api.fault(Fault.STATUS, status=status, body=body)
    outcome = await send(http, api)
    assert outcome.result is result
    assert words in str(outcome.error)


@pytest.mark.parametrize(("header", "wait"), [("17", 17), ("soon", None), ("", None)])
async def test_too_many_requests_are_tried_again(http: OutgoingHttp, api: WhatsAppApi, header: str, wait: float | None) -> None:
    api.fault(Fault.STATUS, status=429, headers={"retry-after": header})
    outcome = await send(http, api)
    assert (outcome.result, outcome.retry_after) == (SendResult.RETRY, wait)


async def test_a_closed_window_says_what_may_still_go_out(http: OutgoingHttp, api: WhatsAppApi) -> None:
    api.closed.add(EMA)
    outcome = await send(http, api)
    assert outcome.result is SendResult.FAILED
    assert "24 hours" in str(outcome.error)
    assert "template" in str(outcome.error)


@pytest.mark.parametrize("fault", [Fault.ACCEPT_THEN_DROP, Fault.HALF_ANSWER, Fault.SLOW, Fault.HTML, Fault.DROP])
async def test_what_is_unclear_is_unknown_and_tried_once(http: OutgoingHttp, api: WhatsAppApi, fault: Fault) -> None:
    api.fault(fault, seconds=30, status=502)
    assert (await send(http, api)).result is SendResult.UNKNOWN
    assert len(api.calls) == 1
    assert len(api.messages) == (0 if fault is Fault.DROP else 1)


async def test_a_page_with_status_200_is_no_success(http: OutgoingHttp, api: WhatsAppApi) -> None:
    api.fault(Fault.HTML, status=200, takes_in=False)
    assert (await send(http, api)).result is SendResult.UNKNOWN


async def test_nobody_there_is_tried_again(http: OutgoingHttp) -> None:
    async with WhatsAppApi() as gone:
        pass
    assert (await send(http, gone)).result is SendResult.RETRY


@pytest.mark.parametrize(
    ("message", "to", "words"),
    [
        (outbound(text="x" * 4_097), EMA, "too long: 4097 of 4096"),
        (outbound(), "buyer-31", "neither a telephone number nor a user id"),
    ],
)
async def test_what_can_t_go_out_fails_with_words_and_is_not_cut(
    http: OutgoingHttp, api: WhatsAppApi, message: OutboundMessage, to: str, words: str
) -> None:
    outcome = await send(http, api, message, to)
    assert outcome.result is SendResult.FAILED
    assert words in str(outcome.error)
    assert not api.calls


async def test_the_longest_text_goes_out_whole(http: OutgoingHttp, api: WhatsAppApi) -> None:
    assert (await send(http, api, outbound(text="👋" * 4_096))).result is SendResult.SENT


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"phone_number_id": ""}, "phone_number_id"), ({"access_token": ""}, "access_token"), ({"access_token": "a\nb"}, "access_token")],
)
async def test_a_missing_setting_is_named(http: OutgoingHttp, api: WhatsAppApi, changes: dict[str, str], words: str) -> None:
    channel = WhatsApp(http, graph_url=api.url)
    outcome = await channel.send(outbound(), recipient(EMA, ChannelKind.WHATSAPP), {**WHATSAPP_CREDENTIALS, **changes})
    assert outcome.result is SendResult.FAILED
    assert words in str(outcome.error)
    assert not api.calls


async def test_many_replies_at_once_all_arrive(http: OutgoingHttp, api: WhatsAppApi) -> None:
    outcomes = await asyncio.gather(*(send(http, api, outbound(id=f"o-{number}")) for number in range(50)))
    assert {outcome.result for outcome in outcomes} == {SendResult.SENT}
    assert {message.callback_data for message in api.messages} == {f"o-{number}" for number in range(50)}


# Set-up


async def test_a_check_shows_the_number_and_has_the_account_deliver(http: OutgoingHttp, api: WhatsAppApi) -> None:
    checked = await WhatsApp(http, graph_url=api.url).check(WHATSAPP_CREDENTIALS, webhook_url=HOOK)
    assert checked.problems == ()
    assert checked.notes == ("The number is +54 341 000-0000 (Galpón Norte).", "The account delivers to the app.")
    assert api.subscribed


@pytest.mark.parametrize(
    ("changes", "url", "words"),
    [
        ({"access_token": "EAAother"}, HOOK, "Error validating access token"),
        ({"access_token": ""}, HOOK, "access_token is missing"),
        ({"phone_number_id": "1"}, HOOK, "does not exist"),
        ({"app_secret": "of another app"}, HOOK, "app_secret does not belong to the app"),
        ({"app_secret": ""}, HOOK, "app_secret is not set"),
        ({"verify_token": ""}, HOOK, "verify_token is not set"),
        ({"waba_id": "9"}, HOOK, "does not deliver to the app"),
        ({}, "http://127.0.0.1:8000/webhooks/whatsapp/w", "FRONTDESK_PUBLIC_URL"),
    ],
)
async def test_a_check_says_what_is_wrong(http: OutgoingHttp, api: WhatsAppApi, changes: dict[str, str], url: str, words: str) -> None:
    checked = await WhatsApp(http, graph_url=api.url).check({**WHATSAPP_CREDENTIALS, **changes}, webhook_url=url)
    assert len(checked.problems) == 1
    assert words in checked.problems[0]
    assert TOKEN not in checked.problems[0]


async def test_the_stand_in_catches_us_when_we_break_the_contract(http: OutgoingHttp) -> None:
    strict = WhatsAppApi()
    await strict.__aenter__()
    channel = WhatsApp(http, graph_url=f"{strict.url}/elsewhere")
    await channel.send(outbound(), recipient(EMA, ChannelKind.WHATSAPP), WHATSAPP_CREDENTIALS)
    with pytest.raises(AssertionError, match="not in the contract"):
        await strict.__aexit__(None, None, None)
