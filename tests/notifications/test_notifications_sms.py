from collections.abc import AsyncIterator

import pytest

from domain.errors import NotTold
from domain.ladder import Medium
from notifications.sms import SmsNotifier
from tests.notifications.people import DESK, INES, LINK, MATEO, customer, digest
from tests.vendors.twilio_sms import ACCOUNT_SID, AUTH_TOKEN, TwilioSms, twilio_sms


@pytest.fixture
async def twilio() -> AsyncIterator[TwilioSms]:
    async with twilio_sms() as service:
        yield service


def notifier(twilio: TwilioSms, *, token: str = AUTH_TOKEN, sender: str = "+15005550006") -> SmsNotifier:
    return SmsNotifier(ACCOUNT_SID, token, sender, base_url=DESK, api_url=twilio.base_url)


async def test_each_manager_gets_one_short_message_with_the_link(twilio: TwilioSms) -> None:
    await notifier(twilio).tell(digest(Medium.SMS, INES))
    await notifier(twilio).tell(digest(Medium.SMS, MATEO))
    assert [form["To"] for form in twilio.accepted] == [INES.phone, MATEO.phone]
    body = twilio.accepted[0]["Body"]
    assert LINK in body
    assert "the documents hold no answer" in body
    assert len(body) <= 160
    assert body.isascii()


async def test_a_messaging_service_stands_in_its_own_field(twilio: TwilioSms) -> None:
    await notifier(twilio, sender="MG00000000000000000000000000000000").tell(digest(Medium.SMS))
    assert twilio.accepted[0]["MessagingServiceSid"].startswith("MG")
    assert "From" not in twilio.accepted[0]


async def test_a_customers_words_never_reach_a_lock_screen(twilio: TwilioSms) -> None:
    await notifier(twilio).tell(digest(Medium.SMS, INES, customer(reason="My card number is 4111")))
    assert "4111" not in twilio.accepted[0]["Body"]


async def test_throttled_says_when_to_try_again(twilio: TwilioSms) -> None:
    twilio.answers.append((429, {"code": 20429, "message": "Too Many Requests"}, {"Retry-After": "7"}))
    with pytest.raises(NotTold) as failure:
        await notifier(twilio).tell(digest(Medium.SMS))
    assert failure.value.retryable
    assert failure.value.retry_after == 7.0


async def test_a_server_error_is_worth_another_try(twilio: TwilioSms) -> None:
    twilio.answers.append((503, {}, {}))
    with pytest.raises(NotTold) as failure:
        await notifier(twilio).tell(digest(Medium.SMS))
    assert failure.value.retryable
    await notifier(twilio).tell(digest(Medium.SMS))
    assert len(twilio.accepted) == 1


async def test_a_wrong_number_is_permanent_and_said_in_words_without_the_number(twilio: TwilioSms) -> None:
    twilio.answers.append((400, {"code": 21211, "message": f"Invalid 'To' Phone Number: {INES.phone}", "status": 400}, {}))
    with pytest.raises(NotTold, match="telephone number is not valid") as failure:
        await notifier(twilio).tell(digest(Medium.SMS))
    assert not failure.value.retryable
    assert str(INES.phone) not in str(failure.value)


async def test_a_wrong_token_is_permanent_and_names_what_to_check(twilio: TwilioSms) -> None:
    with pytest.raises(NotTold, match="auth token is wrong") as failure:
        await notifier(twilio, token="stale").tell(digest(Medium.SMS))
    assert not failure.value.retryable
    assert "stale" not in str(failure.value)


async def test_a_refusal_that_is_no_json_is_still_reported(twilio: TwilioSms) -> None:
    twilio.answers.append((404, {"detail": "proxy"}, {}))
    with pytest.raises(NotTold, match="HTTP 404"):
        await notifier(twilio).tell(digest(Medium.SMS))


async def test_a_missing_number_is_permanent(twilio: TwilioSms) -> None:
    with pytest.raises(NotTold, match="no telephone number") as failure:
        await notifier(twilio).tell(digest(Medium.SMS, INES.model_copy(update={"phone": None})))
    assert not failure.value.retryable
    assert twilio.requests == 0


async def test_many_who_wait_are_one_message_with_the_list(twilio: TwilioSms) -> None:
    await notifier(twilio).tell(digest(Medium.SMS, INES, *(customer(number) for number in range(1, 51))))
    assert [form["Body"] for form in twilio.accepted] == [f"Frontdesk: 50 customers need a person. {DESK}/inbox/mine"]


async def test_nobody_listening_is_worth_another_try() -> None:
    with pytest.raises(NotTold, match="could not be reached") as failure:
        await SmsNotifier(ACCOUNT_SID, AUTH_TOKEN, "+15005550006", base_url=DESK, api_url="http://127.0.0.1:1").tell(digest(Medium.SMS))
    assert failure.value.retryable
