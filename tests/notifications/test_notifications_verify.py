"""Codes by SMS, against a stand-in that counts and refuses as Twilio Verify does."""

from collections.abc import AsyncIterator

import pytest

from domain.errors import InvalidInput, NotFound, NotTold, TooManyAttempts
from domain.verification import code_in, number_in
from notifications.verify import TwilioVerify
from tests.vendors.rest_receiver import Fault
from tests.vendors.twilio_verify import ACCOUNT, SERVICE, TOKEN, VerifyApi

PHONE = "+59899000111"


@pytest.fixture
async def twilio() -> AsyncIterator[VerifyApi]:
    async with VerifyApi() as service:
        yield service


@pytest.fixture
def verify(twilio: VerifyApi) -> TwilioVerify:
    return TwilioVerify(ACCOUNT, TOKEN, SERVICE, api_url=twilio.url, timeout=5)


async def test_only_the_right_code_counts_and_only_once(twilio: VerifyApi, verify: TwilioVerify) -> None:
    await verify.start(PHONE, language="es")
    code = twilio.code_of(PHONE)
    assert not await verify.check(PHONE, "000000"), "a wrong code is answered with success, and is wrong"
    assert await verify.check(PHONE, code)
    with pytest.raises(NotFound, match="no longer good"):
        await verify.check(PHONE, code)
    assert twilio.locales == ["es"]


async def test_an_expired_code_says_so(twilio: VerifyApi, verify: TwilioVerify) -> None:
    await verify.start(PHONE, language="xx")
    twilio.expire(PHONE)
    with pytest.raises(NotFound, match="Ask for a new one"):
        await verify.check(PHONE, "123456")
    assert twilio.locales == [""], "a language that Verify does not know is left to it"


async def test_the_limits_on_sending_and_checking_are_told_and_never_tried_again(twilio: VerifyApi, verify: TwilioVerify) -> None:
    for _ in range(5):
        await verify.start(PHONE)
    before = len(twilio.calls)
    with pytest.raises(TooManyAttempts, match="Too many codes were sent") as sends:
        await verify.start(PHONE)
    assert sends.value.retry_after == 600
    for _ in range(5):
        assert not await verify.check(PHONE, "000000")
    with pytest.raises(TooManyAttempts, match="Too many codes were tried"):
        await verify.check(PHONE, twilio.code_of(PHONE))
    assert len(twilio.calls) == before + 7, "each refusal was one call"


async def test_a_number_that_takes_no_sms_is_the_persons_to_mend(twilio: VerifyApi, verify: TwilioVerify) -> None:
    twilio.landlines.add(PHONE)
    with pytest.raises(InvalidInput, match="mobile number"):
        await verify.start(PHONE)


@pytest.mark.parametrize(
    ("status", "body", "retryable"),
    [(429, {"code": 20429}, True), (503, {}, True), (400, {"code": 99999}, False), (401, {"code": 20003}, False)],
)
async def test_other_refusals_say_what_to_do(
    twilio: VerifyApi, verify: TwilioVerify, status: int, body: dict[str, int], retryable: bool
) -> None:
    twilio.fault(Fault.STATUS, status=status, body=body)
    with pytest.raises(NotTold) as failure:
        await verify.start(PHONE)
    assert failure.value.retryable is retryable
    assert len(twilio.calls) == 1


async def test_a_service_that_hangs_up_is_not_asked_twice(twilio: VerifyApi, verify: TwilioVerify) -> None:
    twilio.fault(Fault.ACCEPT_THEN_DROP)
    with pytest.raises(NotTold, match="could not be reached"):
        await verify.start(PHONE)
    assert len(twilio.calls) == 1


def test_numbers_and_codes_are_read_as_people_write_them() -> None:
    assert number_in(" +34 600-123.456 ") == "+34600123456"
    assert number_in("0034 (600) 123 456") == "+34600123456"
    assert code_in("123 456") == "123456"
    for text in ("600123456", "+", "+34 600 abc", "+0034600123456"):
        with pytest.raises(InvalidInput, match="country"):
            number_in(text)
    with pytest.raises(InvalidInput):
        code_in("no code")
