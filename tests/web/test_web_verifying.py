"""Telephone numbers, the second factor, and a customer's identity, through the pages."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx2
import pytest

from api.app import build_app
from domain.ladder import Medium, Rung
from domain.turns import Notice
from notifications.verify import TwilioVerify
from storage.notices import Notices
from tests.vendors.twilio_verify import ACCOUNT, SERVICE, TOKEN, VerifyApi
from tests.web.conftest import PUBLIC_URL
from tests.web.shop import PASSWORD, Shop, furnish
from web.services import Services

PHONE = "+34600123456"


@pytest.fixture
async def twilio() -> AsyncIterator[VerifyApi]:
    async with VerifyApi() as service:
        yield service


@pytest.fixture
async def house(services: Services, twilio: VerifyApi) -> Services:
    verifier = TwilioVerify(ACCOUNT, TOKEN, SERVICE, api_url=twilio.url, timeout=5)
    return replace(services, telling=replace(services.telling, verifier=verifier))


def outside(house: Services) -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(app=build_app(house), raise_app_exceptions=False)
    return httpx2.AsyncClient(transport=transport, base_url=PUBLIC_URL, headers={"sec-fetch-site": "same-origin", "accept": "text/html"})


async def inside(house: Services, shop: Shop, who: str) -> httpx2.AsyncClient:
    client = outside(house)
    client.cookies.set("__Host-session", await house.people.open_session(shop.people[who].id), domain="desk.example", path="/")
    return client


def pending_in(page: str) -> str:
    found = re.search(r'name="pending" value="([^"]+)"', page)
    assert found is not None, page
    return found[1]


async def verify_phone(client: httpx2.AsyncClient, twilio: VerifyApi) -> None:
    asked = await client.post("/notifications/phone", data={"phone": "+34 600 123 456"})
    answer = await client.post("/notifications/phone/code", data={"pending": pending_in(asked.text), "code": twilio.code_of(PHONE)})
    assert answer.status_code == 303, answer.text


async def test_a_manager_proves_a_number_before_sms_come_to_it(house: Services, shop: Shop, twilio: VerifyApi) -> None:
    talks = await furnish(shop)
    conversation = await house.conversations.get(talks["priya"].conversation_id)
    assert conversation.hand_off is not None
    at = conversation.hand_off.at
    notice = Notice(
        conversation_id=conversation.id, inbox_id=conversation.inbox_id, rung=Rung.SMS, reason="keyword", flagged_at=at.isoformat()
    )
    await house.people.add("unproved@desk.example", "Uma", shop.people["dana"].role, phone="+34600000000")
    ledger = Notices(house.db, proved_only=True)
    await ledger.owe(notice, [Medium.SMS], now=at)
    assert await ledger.debts(notice) == []
    client = await inside(house, shop, "dana")
    asked = await client.post("/notifications/phone", data={"phone": "+34 600 123 456"})
    assert "Code that was sent to +34…456" in asked.text
    wrong = await client.post("/notifications/phone/code", data={"pending": pending_in(asked.text), "code": "000000"})
    assert (wrong.status_code, "not the code" in wrong.text) == (422, True)
    right = {"pending": pending_in(wrong.text), "code": twilio.code_of(PHONE)}
    stranger = await inside(house, shop, "luis")
    assert (await stranger.post("/notifications/phone/code", data=right)).status_code == 422, "it is Dana's code"
    assert (await client.post("/notifications/phone/code", data=right)).status_code == 303
    assert (await house.people.get(shop.people["dana"].id)).phone == PHONE
    await ledger.owe(notice, [Medium.SMS], now=at)
    assert [debt.manager_id for debt in await ledger.debts(notice)] == [shop.people["dana"].id]


async def test_a_bad_number_and_too_many_codes_are_said_beside_the_form(house: Services, shop: Shop, twilio: VerifyApi) -> None:
    client = await inside(house, shop, "dana")
    bad = await client.post("/notifications/phone", data={"phone": "12"})
    assert (bad.status_code, "with its country" in bad.text) == (422, True)
    answers = [await client.post("/notifications/phone", data={"phone": PHONE}) for _ in range(6)]
    assert answers[-1].status_code == 429
    assert len(twilio.calls) == 5


async def test_with_a_second_factor_the_password_alone_opens_nothing(house: Services, shop: Shop, twilio: VerifyApi) -> None:
    dana = shop.people["dana"]
    await house.people.set_password(dana.id, PASSWORD)
    client = await inside(house, shop, "dana")
    assert (await client.post("/notifications/second-factor", data={"on": "true"})).status_code == 422, "no number yet"
    await verify_phone(client, twilio)
    assert (await client.post("/notifications/second-factor", data={"on": "true"})).status_code == 303
    door = outside(house)
    step = await door.post("/sign-in", data={"email": dana.email, "password": PASSWORD, "next": "/team"})
    assert (step.status_code, "One more step" in step.text) == (200, True)
    assert not door.cookies
    assert (await door.post("/sign-in/code", data={"pending": pending_in(step.text), "code": "000000"})).status_code == 403
    assert (await door.post("/sign-in/code", data={"pending": "forged", "code": "000000"})).status_code == 403
    entered = await door.post("/sign-in/code", data={"pending": pending_in(step.text), "code": twilio.code_of(PHONE), "next": "/team"})
    assert (entered.status_code, entered.headers["location"]) == (303, "/team")
    assert (await door.get("/team")).status_code == 200


async def test_guessing_the_second_factor_is_slowed_down(house: Services, shop: Shop, twilio: VerifyApi) -> None:
    dana = shop.people["dana"]
    await house.people.set_password(dana.id, PASSWORD)
    client = await inside(house, shop, "dana")
    await verify_phone(client, twilio)
    await client.post("/notifications/second-factor", data={"on": "true"})
    door = outside(house)
    step = await door.post("/sign-in", data={"email": dana.email, "password": PASSWORD})
    pending = pending_in(step.text)
    answers = [await door.post("/sign-in/code", data={"pending": pending, "code": f"00000{n}"}) for n in range(6)]
    assert [answer.status_code for answer in answers] == [403] * 5 + [429]
    assert int(answers[-1].headers["retry-after"]) > 0


async def test_an_owner_gets_somebody_in_who_has_lost_the_telephone(house: Services, shop: Shop, twilio: VerifyApi) -> None:
    dana = shop.people["dana"]
    client = await inside(house, shop, "dana")
    await verify_phone(client, twilio)
    await client.post("/notifications/second-factor", data={"on": "true"})
    admin, owner = await inside(house, shop, "ana"), await inside(house, shop, "maya")
    assert (await admin.post(f"/team/{dana.id}/link")).status_code == 403
    assert (await admin.post(f"/team/{dana.id}/second-factor/off")).status_code == 403
    link = re.findall(r"https://desk\.example(/sign-in/[\w.-]+)", (await owner.post(f"/team/{dana.id}/link")).text)[0]
    assert (await outside(house).post(link)).headers["location"] == "/"
    assert "The telephone is lost" in (await owner.get(f"/team/{dana.id}")).text
    assert "The telephone is lost" not in (await admin.get(f"/team/{dana.id}")).text
    assert (await owner.post(f"/team/{dana.id}/second-factor/off")).status_code == 303
    phone = await house.telling.verified.phone(dana.id)
    assert phone is not None
    assert not phone.second_factor


async def test_a_customers_identity_is_confirmed_inside_the_conversation(house: Services, shop: Shop, twilio: VerifyApi) -> None:
    talks = await furnish(shop)
    conversation_id = talks["priya"].conversation_id
    client = await inside(house, shop, "dana")
    await client.post(f"/conversations/{conversation_id}/identity", data={"phone": PHONE, "action_id": "a-1"})
    panel = (await client.get(f"/inbox/mine/{conversation_id}?panel=customer")).text
    assert "Code that the customer got at +34…456" in panel
    wrong = await client.post(f"/conversations/{conversation_id}/identity/code", data={"code": "000000", "action_id": "a-2"})
    assert wrong.status_code == 422
    right = await client.post(f"/conversations/{conversation_id}/identity/code", data={"code": twilio.code_of(PHONE), "action_id": "a-3"})
    assert right.status_code == 303
    notes = [message.text for message in await house.conversations.messages(conversation_id) if message.direction.value == "note"]
    assert notes[-3:] == [
        "Identity check: a code was sent by SMS to +34…456.",
        "Identity check: a wrong code was given for +34…456.",
        "Identity confirmed: the customer holds the number +34…456.",
    ]
    assert "Confirmed by a code to +34…456" in (await client.get(f"/inbox/mine/{conversation_id}?panel=customer")).text
    viewer = await inside(house, shop, "luis")
    assert (await viewer.post(f"/conversations/{conversation_id}/identity", data={"phone": PHONE})).status_code == 403
