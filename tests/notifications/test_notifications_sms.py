from collections.abc import AsyncIterator

import pytest

from domain.errors import NotTold
from notifications.sms import SmsNotifier
from tests.notifications.people import INES, LINK, MATEO, notice
from tests.vendors.twilio_sms import ACCOUNT_SID, AUTH_TOKEN, TwilioSms, twilio_sms


@pytest.fixture
async def twilio() -> AsyncIterator[TwilioSms]:
    async with twilio_sms() as service:
        yield service


def notifier(twilio: TwilioSms, *, token: str = AUTH_TOKEN, sender: str = "+15005550006") -> SmsNotifier:
    return SmsNotifier(ACCOUNT_SID, token, sender, base_url=twilio.base_url)


async def test_each_manager_gets_one_short_message_with_the_link(twilio: TwilioSms) -> None:
    await notifier(twilio).tell(notice("sms"), [INES, MATEO], link=LINK)
    assert [form["To"] for form in twilio.accepted] == [INES.phone, MATEO.phone]
    body = twilio.accepted[0]["Body"]
    assert LINK in body
    assert "the documents hold no answer" in body
    assert len(body) <= 160
    assert body.isascii()


async def test_a_messaging_service_stands_in_its_own_field(twilio: TwilioSms) -> None:
    await notifier(twilio, sender="MG00000000000000000000000000000000").tell(notice("sms"), [INES], link=LINK)
    assert twilio.accepted[0]["MessagingServiceSid"].startswith("MG")
    assert "From" not in twilio.accepted[0]


async def test_a_customers_words_never_reach_a_lock_screen(twilio: TwilioSms) -> None:
    await notifier(twilio).tell(notice("sms", reason="My card number is 4111"), [INES], link=LINK)
    assert "4111" not in twilio.accepted[0]["Body"]


async def test_throttled_says_when_to_try_again(twilio: TwilioSms) -> None:
    twilio.answers.append((429, {"code": 20429, "message": "Too Many Requests"}, {"Retry-After": "7"}))
    with pytest.raises(NotTold) as failure:
        await notifier(twilio).tell(notice("sms"), [INES], link=LINK)
    assert failure.value.retryable
    assert failure.value.retry_after == 7.0


async def test_a_server_error_is_worth_another_try(twilio: TwilioSms) -> None:
    twilio.answers.append((503, {}, {}))
    with pytest.raises(NotTold) as failure:
        await notifier(twilio).tell(notice("sms"), [INES], link=LINK)
    assert failure.value.retryable
    await notifier(twilio).tell(notice("sms"), [INES], link=LINK)
    assert len(twilio.accepted) == 1


async def test_a_wrong_number_is_permanent_and_said_in_words_without_the_number(twilio: TwilioSms) -> None:
    twilio.answers.append((400, {"code": 21211, "message": f"Invalid 'To' Phone Number: {INES.phone}", "status": 400}, {}))
    with pytest.raises(NotTold, match="telephone number is not valid") as failure:
        await notifier(twilio).tell(notice("sms"), [INES], link=LINK)
    assert not failure.value.retryable
    assert str(INES.phone) not in str(failure.value)


async def test_a_wrong_token_is_permanent_and_names_what_to_check(twilio: TwilioSms) -> None:
    with pytest.raises(NotTold, match="auth token is wrong") as failure:
        await notifier(twilio, token="stale").tell(notice("sms"), [INES], link=LINK)
    assert not failure.value.retryable
    assert "stale" not in str(failure.value)


async def test_a_refusal_that_is_no_json_is_still_reported(twilio: TwilioSms) -> None:
    twilio.answers.append((404, {"detail": "proxy"}, {}))
    with pytest.raises(NotTold, match="HTTP 404"):
        await notifier(twilio).tell(notice("sms"), [INES], link=LINK)


async def test_one_managers_missing_number_does_not_keep_the_next_from_being_told(twilio: TwilioSms) -> None:
    without = INES.model_copy(update={"phone": None})
    with pytest.raises(NotTold, match="no telephone number") as failure:
        await notifier(twilio).tell(notice("sms"), [without, MATEO], link=LINK)
    assert not failure.value.retryable
    assert [form["To"] for form in twilio.accepted] == [MATEO.phone]


async def test_nobody_listening_is_worth_another_try() -> None:
    with pytest.raises(NotTold, match="could not be reached") as failure:
        await SmsNotifier(ACCOUNT_SID, AUTH_TOKEN, "+15005550006", base_url="http://127.0.0.1:1").tell(notice("sms"), [INES], link=LINK)
    assert failure.value.retryable
