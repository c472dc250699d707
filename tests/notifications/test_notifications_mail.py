import socket
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword

from domain.errors import InvalidInput, NotTold
from domain.ladder import Medium, Rung
from notifications.mail import MailNotifier, Relay
from tests.notifications.mailbox import Mailbox, PlainServer
from tests.notifications.people import DESK, FLAGGED_AT, INES, LINK, MATEO, customer, digest

SENDER = "Frontdesk <desk@shop.example>"


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    handler = Mailbox()
    server = PlainServer(handler, hostname="127.0.0.1", port=0)
    server.start()
    handler.port = server.port
    yield handler
    server.stop()


def notifier(mailbox: Mailbox) -> MailNotifier:
    return MailNotifier(f"smtp://127.0.0.1:{mailbox.port}", SENDER, base_url=DESK, timeout=5)


async def test_each_manager_gets_a_mail_with_reason_and_link_as_text_and_as_html(mailbox: Mailbox) -> None:
    await notifier(mailbox).tell(digest(Medium.EMAIL, INES))
    await notifier(mailbox).tell(digest(Medium.EMAIL, MATEO))
    first, second = mailbox.received
    assert (first["To"], second["To"]) == ("Inés Albornoz <ines@shop.example>", "Mateo <mateo@shop.example>")
    assert first["Subject"] == "A customer needs a person: the documents hold no answer"
    assert first["Auto-Submitted"] == "auto-generated"
    for kind in ("plain", "html"):
        body = first.get_body((kind,))
        assert body is not None
        assert LINK in body.get_content()
        assert "22 November 2026, 10:03 UTC" in body.get_content()


async def test_a_repeat_can_be_recognised_and_the_next_rung_or_person_is_told_apart(mailbox: Mailbox) -> None:
    mail = notifier(mailbox)
    await mail.tell(digest(Medium.EMAIL))
    await mail.tell(digest(Medium.EMAIL))
    await mail.tell(digest(Medium.EMAIL, MATEO))
    await mail.tell(digest(Medium.EMAIL, INES, customer(flagged_at=FLAGGED_AT + timedelta(hours=2))))
    ids = [received["Message-ID"] for received in mailbox.received]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 3
    assert len({received["References"] for received in mailbox.received}) == 1


async def test_greylisted_is_retried_and_then_accepted(mailbox: Mailbox) -> None:
    mailbox.refuse_data.append("451 4.7.1 Greylisted, try again")
    with pytest.raises(NotTold, match="451") as failure:
        await notifier(mailbox).tell(digest(Medium.EMAIL))
    assert failure.value.retryable
    await notifier(mailbox).tell(digest(Medium.EMAIL))
    assert len(mailbox.received) == 1


async def test_a_refused_address_is_permanent_and_is_not_named(mailbox: Mailbox) -> None:
    mailbox.refuse_recipient[INES.email] = "550 5.1.1 No such user ines@shop.example"
    with pytest.raises(NotTold, match="550") as failure:
        await notifier(mailbox).tell(digest(Medium.EMAIL, INES))
    assert not failure.value.retryable
    assert INES.email not in str(failure.value)


async def test_many_who_wait_are_one_mail_that_names_twenty_and_counts_the_rest(mailbox: Mailbox) -> None:
    await notifier(mailbox).tell(digest(Medium.EMAIL, INES, *(customer(number) for number in range(1, 51))))
    (received,) = mailbox.received
    assert received["Subject"] == "50 customers need a person"
    for kind in ("plain", "html"):
        body = received.get_body((kind,))
        assert body is not None
        text = body.get_content()
        assert text.count(f"{DESK}/conversations/") == 20
        assert "And 30 more" in text


async def test_the_team_lead_reads_that_nobody_came(mailbox: Mailbox) -> None:
    await notifier(mailbox).tell(digest(Medium.EMAIL, INES, customer(rung=Rung.LEAD)))
    assert mailbox.received[0]["Subject"] == "Nobody has come to a customer: the documents hold no answer"


async def test_a_relay_that_hangs_up_is_worth_another_try(mailbox: Mailbox) -> None:
    mailbox.refuse_data.append("hang up")
    with pytest.raises(NotTold, match="hung up") as failure:
        await notifier(mailbox).tell(digest(Medium.EMAIL))
    assert failure.value.retryable


async def test_no_relay_is_worth_another_try() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(NotTold) as failure:
        await MailNotifier(f"smtp://127.0.0.1:{port}", SENDER, base_url=DESK, timeout=5).tell(digest(Medium.EMAIL))
    assert failure.value.retryable


async def test_a_password_is_never_sent_without_tls() -> None:
    offered: list[LoginPassword] = []

    def remember(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: LoginPassword) -> AuthResult:
        offered.append(data)
        return AuthResult(success=True)

    server = PlainServer(Mailbox(), hostname="127.0.0.1", port=0, authenticator=remember, auth_require_tls=False)
    server.start()
    try:
        with pytest.raises(NotTold, match="STARTTLS") as failure:
            await MailNotifier(f"smtp://desk:secret@127.0.0.1:{server.port}", SENDER, base_url=DESK, timeout=5).tell(digest(Medium.EMAIL))
    finally:
        server.stop()
    assert offered == []
    assert not failure.value.retryable


async def test_a_line_break_in_a_name_adds_no_header(mailbox: Mailbox) -> None:
    crafted = INES.model_copy(update={"name": "Ines\r\nBcc: everybody@shop.example\r\n\r\nHello"})
    await notifier(mailbox).tell(digest(Medium.EMAIL, crafted))
    assert mailbox.received[0]["Bcc"] is None
    assert mailbox.received[0]["To"].addresses[0].addr_spec == INES.email


async def test_a_line_break_in_an_address_is_refused(mailbox: Mailbox) -> None:
    crafted = INES.model_copy(update={"email": "ines@shop.example\r\nBcc: everybody@shop.example"})
    with pytest.raises(NotTold, match="address"):
        await notifier(mailbox).tell(digest(Medium.EMAIL, crafted))
    assert mailbox.received == []


async def test_markup_in_a_name_stays_text(mailbox: Mailbox) -> None:
    await notifier(mailbox).tell(digest(Medium.EMAIL, INES.model_copy(update={"name": "<b>Ines</b>"})))
    page = mailbox.received[0].get_body(("html",))
    assert page is not None
    assert "&lt;b&gt;Ines&lt;/b&gt;" in page.get_content()


async def test_a_customers_words_never_stand_in_a_mail(mailbox: Mailbox) -> None:
    await notifier(mailbox).tell(digest(Medium.EMAIL, INES, customer(reason="my card is 4111")))
    assert "4111" not in mailbox.received[0].as_string()


@pytest.mark.parametrize(
    ("url", "host", "port", "tls", "start_tls"),
    [
        ("smtp://mail.example", "mail.example", 587, False, None),
        ("smtp://mailpit:1025", "mailpit", 1025, False, None),
        ("smtp://u:p%40ss@mail.example:2525", "mail.example", 2525, False, True),
        ("smtps://u:p@mail.example", "mail.example", 465, True, False),
    ],
)
def test_the_relays_address_is_read_from_its_url(url: str, host: str, port: int, tls: bool, start_tls: bool | None) -> None:
    relay = Relay.from_url(url)
    assert (relay.host, relay.port, relay.tls, relay.start_tls) == (host, port, tls, start_tls)
    assert relay.password in (None, "p", "p@ss")


@pytest.mark.parametrize("url", ["http://mail.example", "smtp://", "smtp://u:hunter2@mail.example:port", "mail.example"])
def test_an_unreadable_url_is_refused_without_repeating_its_password(url: str) -> None:
    with pytest.raises(InvalidInput, match="FRONTDESK_SMTP_URL") as failure:
        MailNotifier(url, SENDER, base_url=DESK)
    assert "hunter2" not in str(failure.value)


@pytest.mark.parametrize("sender", ["", "Frontdesk", "desk@", "desk@shop.example\r\nBcc: x@shop.example"])
def test_an_unreadable_sender_is_refused(sender: str) -> None:
    with pytest.raises(InvalidInput, match="FRONTDESK_MAIL_FROM"):
        MailNotifier("smtp://mail.example", sender, base_url=DESK)
