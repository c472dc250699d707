"""The door for answers by mail: the form of SendGrid's Inbound Parse."""

import httpx2
import pytest

from domain.mail import MailForm
from tests.api.fakes import FakeGateway
from tests.telling import INBOUND_SECRET
from web.services import Services

DOOR = f"/webhooks/email/inbound/{INBOUND_SECRET}"
FORM = {
    "headers": "Message-ID: <m-2@mail.example>\nFrom: Ines <ines@shop.example>\n",
    "from": "Ines <ines@shop.example>",
    "to": "desk+abc@shop.example",
    "text": "Yes.",
    "envelope": '{"to":["desk+abc@shop.example"],"from":"ines@shop.example"}',
    "SPF": "pass",
}


async def test_a_mail_is_durable_and_taken_up_before_it_is_acknowledged(
    client: httpx2.AsyncClient, services: Services, engine: FakeGateway
) -> None:
    answer = await client.post(DOOR, data=FORM, files={"attachment1": ("photo.jpg", b"\xff\xd8" * 100, "image/jpeg")})
    assert answer.status_code == 200
    (mail_id,) = engine.mails
    kept = await services.telling.mail.received(mail_id)
    assert kept is not None
    assert kept.form is MailForm.FIELDS
    assert b"Yes." in kept.content
    assert b"photo" not in kept.content
    await client.post(DOOR, data=FORM)
    assert engine.mails == [mail_id, mail_id], "the same mail again is the same mail"


async def test_a_whole_mail_is_taken_too(client: httpx2.AsyncClient, engine: FakeGateway) -> None:
    raw = "From: ines@shop.example\r\nMessage-ID: <m-3@mail.example>\r\n\r\nYes."
    assert (await client.post(DOOR, data={"email": raw, "SPF": "pass"})).status_code == 200
    assert len(engine.mails) == 1


async def test_a_wrong_end_of_the_address_is_nobodys(client: httpx2.AsyncClient, engine: FakeGateway) -> None:
    assert (await client.post("/webhooks/email/inbound/guessed", data=FORM)).status_code == 404
    assert engine.mails == []


async def test_a_form_without_a_mail_is_refused(client: httpx2.AsyncClient, engine: FakeGateway) -> None:
    answer = await client.post(DOOR, data={"text": "hello"})
    assert answer.status_code == 400
    assert "neither `email` nor `headers`" in answer.json()["detail"]


async def test_an_engine_out_of_reach_has_the_mail_posted_again(client: httpx2.AsyncClient, engine: FakeGateway) -> None:
    engine.down = True
    assert (await client.post(DOOR, data=FORM)).status_code == 503


@pytest.mark.parametrize("method", ["GET", "PUT"])
async def test_nothing_but_a_post_is_taken(client: httpx2.AsyncClient, method: str) -> None:
    assert (await client.request(method, DOOR)).status_code in (404, 405)
