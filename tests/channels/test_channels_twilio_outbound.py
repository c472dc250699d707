"""Replies and the set-up of Twilio's inboxes, against the stand-in on a real socket."""

from collections.abc import AsyncIterator
from ipaddress import ip_network

import pytest

from channels.outgoing import OutgoingHttp, Timeouts
from channels.twilio import Twilio
from channels.twilio_errors import PERMANENT, RETRYABLE
from domain.channels import ChannelKind, SendOutcome, SendResult
from domain.messages import OutboundMessage
from tests.channels.cases import SMS_CREDENTIALS, WHATSAPP_TWILIO_CREDENTIALS, outbound, recipient
from tests.vendors.rest_receiver import Fault
from tests.vendors.twilio import SMS_NUMBER, TOKEN, WHATSAPP_NUMBER, TwilioApi, error

SMS, WHATSAPP = ChannelKind.SMS, ChannelKind.WHATSAPP_TWILIO
EMA = "+5493415550101"
HOOK = "https://desk.example/webhooks/sms/our-sms"


@pytest.fixture
async def api() -> AsyncIterator[TwilioApi]:
    async with TwilioApi() as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[OutgoingHttp]:
    limits = Timeouts(connect=2.0, read=1.0, write=2.0, pool=5.0, whole=6.0)
    async with OutgoingHttp(allowed_networks=[ip_network("127.0.0.0/8")], timeouts=limits) as client:
        yield client


async def send(
    http: OutgoingHttp, api: TwilioApi, message: OutboundMessage | None = None, to: str = EMA, kind: ChannelKind = SMS, **changes: str
) -> SendOutcome:
    credentials = SMS_CREDENTIALS if kind is SMS else WHATSAPP_TWILIO_CREDENTIALS
    channel = Twilio(http, kind, api_url=api.url, public_url="https://desk.example")
    return await channel.send(message or outbound(), recipient(to, kind), credentials | changes)


@pytest.mark.parametrize(
    ("kind", "to", "receiver", "sender"),
    [
        (SMS, EMA, EMA, SMS_NUMBER),
        (WHATSAPP, EMA, f"whatsapp:{EMA}", f"whatsapp:{WHATSAPP_NUMBER}"),
        (WHATSAPP, "AR.7700112233445566", "whatsapp:AR.7700112233445566", f"whatsapp:{WHATSAPP_NUMBER}"),
    ],
)
async def test_a_reply_goes_out_with_our_id_in_the_address_for_reports(
    http: OutgoingHttp, api: TwilioApi, kind: ChannelKind, to: str, receiver: str, sender: str
) -> None:
    outcome = await send(http, api, outbound(text="Sí, mañana & 50% 👋"), to, kind)
    (message,) = api.to(receiver)
    assert outcome == SendOutcome(result=SendResult.SENT, provider_id=message.sid)
    assert (message.text, message.form["From"]) == ("Sí, mañana & 50% 👋", sender)
    assert message.form["StatusCallback"] == f"https://desk.example/webhooks/{kind.value}/our-{kind.value}?message={outbound().id}"


async def test_a_messaging_service_is_the_sender_where_it_is_set(http: OutgoingHttp, api: TwilioApi) -> None:
    await send(http, api, messaging_service_sid="MG01")
    assert api.messages[0].form["MessagingServiceSid"] == "MG01"
    assert "From" not in api.messages[0].form


async def test_without_a_public_address_no_reports_are_asked_for(http: OutgoingHttp, api: TwilioApi) -> None:
    await Twilio(http, SMS, api_url=api.url).send(outbound(), recipient(EMA, SMS), SMS_CREDENTIALS)
    assert "StatusCallback" not in api.messages[0].form


@pytest.mark.parametrize(
    ("status", "code", "result"),
    [
        *((400, code, SendResult.FAILED) for code in PERMANENT),
        *((429, code, SendResult.RETRY) for code in RETRYABLE),
        (429, 99999, SendResult.RETRY),
        (400, 99999, SendResult.FAILED),
        (500, 99999, SendResult.UNKNOWN),
        (503, 20503, SendResult.UNKNOWN),
        (302, 0, SendResult.FAILED),
    ],
)
async def test_each_error_has_one_meaning(http: OutgoingHttp, api: TwilioApi, status: int, code: int, result: SendResult) -> None:
    api.fault(Fault.STATUS, status=status, body=error(status, code).body)
    outcome = await send(http, api)
    assert (outcome.result, outcome.retry_after) == (result, RETRYABLE.get(code))
    assert outcome.error
    assert EMA not in outcome.error
    assert TOKEN not in outcome.error
    assert len(api.calls) == 1


async def test_twilio_says_how_long_to_wait(http: OutgoingHttp, api: TwilioApi) -> None:
    api.fault(Fault.STATUS, status=429, body=error(429, 20429).body, headers={"retry-after": "9"})
    assert (await send(http, api)).retry_after == 9


@pytest.mark.parametrize("fault", [Fault.ACCEPT_THEN_DROP, Fault.HALF_ANSWER, Fault.SLOW, Fault.HTML, Fault.DROP])
async def test_what_is_unclear_is_unknown_and_tried_once(http: OutgoingHttp, api: TwilioApi, fault: Fault) -> None:
    api.fault(fault, seconds=30, status=502)
    assert (await send(http, api)).result is SendResult.UNKNOWN
    assert len(api.calls) == 1


async def test_a_page_with_status_200_is_no_success(http: OutgoingHttp, api: TwilioApi) -> None:
    api.fault(Fault.HTML, status=200, takes_in=False)
    assert (await send(http, api)).result is SendResult.UNKNOWN


async def test_what_can_t_go_out_fails_with_words_and_is_not_cut(http: OutgoingHttp, api: TwilioApi) -> None:
    refused = {
        "too long: 1601 of 1600": await send(http, api, outbound(text="x" * 1_601)),
        "no telephone number": await send(http, api, to="buyer-31"),
        "with + and country": await send(http, api, to="AR.7700112233445566"),
        "from_number or messaging_service_sid": await send(http, api, from_number=""),
        "account_sid or auth_token": await send(http, api, account_sid="../x"),
    }
    for words, outcome in refused.items():
        assert outcome.result is SendResult.FAILED
        assert words in str(outcome.error)
    assert not api.calls
    assert (await send(http, api, outbound(text="x" * 1_600))).result is SendResult.SENT


async def test_a_check_names_the_account_and_says_what_to_enter(http: OutgoingHttp, api: TwilioApi) -> None:
    channel = Twilio(http, SMS, api_url=api.url, public_url="https://desk.example")
    checked = await channel.check(SMS_CREDENTIALS, webhook_url=HOOK)
    assert checked.problems == ()
    assert checked.notes == (
        "The account is Galpón Norte (active).",
        f"At Twilio, {HOOK} must stand under A message comes in, with HTTP POST.",
    )


@pytest.mark.parametrize(
    ("changes", "public_url", "words"),
    [
        ({"auth_token": "wrong"}, "https://desk.example", "refuses the account_sid or the auth_token"),
        ({"account_sid": ""}, "https://desk.example", "account_sid or auth_token is missing"),
        ({"from_number": ""}, "https://desk.example", "from_number or messaging_service_sid"),
        ({}, "", "FRONTDESK_PUBLIC_URL"),
    ],
)
async def test_a_check_says_what_is_wrong(http: OutgoingHttp, api: TwilioApi, changes: dict[str, str], public_url: str, words: str) -> None:
    channel = Twilio(http, SMS, api_url=api.url, public_url=public_url)
    checked = await channel.check(SMS_CREDENTIALS | changes, webhook_url=HOOK)
    assert len(checked.problems) == 1
    assert words in checked.problems[0]
