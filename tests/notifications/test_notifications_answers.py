"""Answering customers by mail: a real relay for what goes out, a real workflow for what comes in."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from email.message import EmailMessage
from email.utils import parseaddr
from uuid import uuid4

import pytest
from temporalio.client import Client

from activities.mail import MailActivities
from activities.mailbox import MailboxWatch
from activities.notices import NoticeActivities
from domain.conversations import Status
from domain.ladder import Medium
from domain.mail import MailForm, MailOutcome, ReceivedMail
from domain.managers import Manager
from notifications.inbound import read_mail
from notifications.mail import MailNotifier
from notifications.mailbox import Mailbox
from tests.notifications.mailbox import Mailbox as Inboxes
from tests.notifications.mailbox import PlainServer
from tests.vendors.imap import ImapServer
from tests.workflows.desk import Desk, open_desk, until

pytestmark = pytest.mark.engine

QUESTION = "Can I pay with bitcoin?"
REPLY_TO = "desk@shop.example"


@pytest.fixture
def mailbox() -> Iterator[Inboxes]:
    handler = Inboxes()
    server = PlainServer(handler, hostname="127.0.0.1", port=0)
    server.start()
    handler.port = server.port
    yield handler
    server.stop()


@pytest.fixture
async def desk(temporal: Client, database_url: str, mailbox: Inboxes) -> AsyncIterator[Desk]:
    policy = {"holding_line": "", "notify_email_after_minutes": 0, "notify_sms_after_minutes": "none"}
    async with open_desk(temporal, database_url, **policy) as desk:
        mail = MailNotifier(
            f"smtp://127.0.0.1:{mailbox.port}",
            "desk@shop.example",
            base_url="https://desk.example",
            reply_to=REPLY_TO,
            offers=desk.stores.mail,
        )
        desk.notices = NoticeActivities(desk.stores.notices, {Medium.EMAIL: mail})
        desk.mails.append(MailActivities(desk.stores.mail, desk.stores.people, desk.gateway, read_mail, mail))
        async with desk.worker():
            yield desk


async def told(desk: Desk, mailbox: Inboxes, person: Manager, *, count: int = 1) -> EmailMessage:
    """The last mail to this person, once there are so many."""

    def mails() -> list[EmailMessage]:
        return [mail for mail in mailbox.received if mail["To"].addresses[0].addr_spec == person.email]

    async def enough() -> bool:
        return len(mails()) >= count

    await until(enough, f"{person.name} has {count} mails", seconds=30)
    return mails()[-1]


def answer(mail: EmailMessage, person: Manager, text: str, *, sender: str | None = None, **headers: str) -> bytes:
    """As a mail program writes it."""
    written = EmailMessage()
    written["From"] = sender or f"{person.name} <{person.email.upper()}>"
    written["To"] = mail["Reply-To"]
    written["Subject"] = f"Re: {mail['Subject']}"
    written["Message-ID"] = headers.pop("message_id", f"<{uuid4()}@mail.example>")
    for name, value in headers.items():
        written[name.replace("_", "-")] = value
    quoted = mail.get_body(("plain",))
    assert quoted is not None
    below = "\n".join(f"> {line}" for line in quoted.get_content().splitlines())
    written.set_content(f"{text}\n\nEl dom, 22 nov 2026 a las 10:03, Frontdesk (<desk@shop.example>) escribió:\n\n{below}\n")
    return written.as_bytes()


async def arrives(desk: Desk, content: bytes) -> None:
    await desk.gateway.answer_by_mail(await desk.stores.mail.keep(ReceivedMail(form=MailForm.MIME, content=content)))


async def outcomes(desk: Desk, count: int) -> list[tuple[MailOutcome, str]]:
    async def enough() -> bool:
        return len(await desk.stores.mail.outcomes()) >= count

    await until(enough, f"{count} mails are settled")
    return list(await desk.stores.mail.outcomes())


async def flagged(desk: Desk) -> str:
    received = await desk.says(QUESTION)
    await desk.until_status(str(received.conversation_id), Status.FLAGGED)
    return str(received.conversation_id)


async def test_an_answer_to_the_mail_reaches_the_customer_once(desk: Desk, mailbox: Inboxes) -> None:
    conversation_id = await flagged(desk)
    mail = await told(desk, mailbox, desk.ana)
    body = mail.get_body(("plain",))
    assert body is not None
    assert QUESTION in body.get_content()
    written = answer(mail, desk.ana, "Only cards, I am afraid.\nAna")
    await arrives(desk, written)
    await desk.until_sent(1)
    assert desk.vendor.texts == ["Only cards, I am afraid.\nAna"]
    (sent,) = [message for message in await desk.messages(conversation_id) if message.author_id == desk.ana.id]
    assert sent.author_name == "Ana"
    await arrives(desk, written)
    await arrives(desk, written + b"\r\n")
    assert [outcome for outcome, _ in await outcomes(desk, 2)] == [MailOutcome.SENT, MailOutcome.DUPLICATE]
    assert desk.vendor.texts == ["Only cards, I am afraid.\nAna"]


async def test_a_reply_address_is_one_persons_own(desk: Desk, mailbox: Inboxes) -> None:
    await flagged(desk)
    mail = await told(desk, mailbox, desk.ana)
    await arrives(desk, answer(mail, desk.ben, "I am Ben"))
    await arrives(desk, answer(mail, desk.ana, "I am not Ana", sender="Ana <ana@elsewhere.example>"))
    forged = "Authentication-Results"
    await arrives(desk, answer(mail, desk.ana, "Forged", **{forged: "mx.example; spf=fail; dkim=none; dmarc=fail"}))
    assert [outcome for outcome, _ in await outcomes(desk, 3)] == [MailOutcome.REFUSED] * 3
    assert desk.vendor.attempts == []
    refusal = await told(desk, mailbox, desk.ana, count=4)
    assert refusal["Subject"] == "Your answer was not sent", "told to the owner of the address, not to the sender"
    assert {mail["To"].addresses[0].addr_spec for mail in mailbox.received} == {desk.ana.email, desk.ben.email}
    assert refusal["Auto-Submitted"] == "auto-replied"


async def test_an_address_that_nobody_was_given_is_ignored(desk: Desk, mailbox: Inboxes) -> None:
    await flagged(desk)
    mail = await told(desk, mailbox, desk.ana)
    local, domain = parseaddr(mail["Reply-To"])[1].split("@")
    last = "a" if local[-1] != "a" else "b"
    mail.replace_header("Reply-To", f"{local[:-1]}{last}@{domain}")
    await arrives(desk, answer(mail, desk.ana, "Guessed"))
    assert await outcomes(desk, 1) == [(MailOutcome.IGNORED, "no reply address that is good")]


@pytest.mark.parametrize("header", ["Auto_Submitted", "Precedence", "X_Autoreply"])
async def test_what_no_person_wrote_is_not_sent_and_not_answered(desk: Desk, mailbox: Inboxes, header: str) -> None:
    await flagged(desk)
    mail = await told(desk, mailbox, desk.ana)
    before = len(mailbox.received)
    value = {"Auto_Submitted": "auto-replied", "Precedence": "auto_reply", "X_Autoreply": "yes"}[header]
    await arrives(desk, answer(mail, desk.ana, "I am out of office until Monday", **{header: value}))
    ((outcome, _),) = await outcomes(desk, 1)
    assert outcome is MailOutcome.IGNORED
    assert desk.vendor.attempts == []
    assert len(mailbox.received) in (before, before + 1), "Ben's own mail may still have come; no answer to the machine did"
    assert all("not sent" not in received["Subject"] for received in mailbox.received)


async def test_who_comes_too_late_reads_why(desk: Desk, mailbox: Inboxes) -> None:
    conversation_id = await flagged(desk)
    mail = await told(desk, mailbox, desk.ana)
    await desk.takes(desk.ben, conversation_id)
    await arrives(desk, answer(mail, desk.ana, "Only cards."))
    ((outcome, why),) = await outcomes(desk, 1)
    assert (outcome, why) == (MailOutcome.REFUSED, "a colleague has this conversation")
    body = (await told(desk, mailbox, desk.ana, count=2)).get_body(("plain",))
    assert body is not None
    assert "a colleague has this conversation" in body.get_content()
    assert "Only cards." in body.get_content(), "what was written is not lost"
    assert desk.vendor.attempts == []


async def test_who_had_not_seen_the_customers_last_words_is_shown_them_and_answers_that_mail(desk: Desk, mailbox: Inboxes) -> None:
    conversation_id = await flagged(desk)
    mail = await told(desk, mailbox, desk.ana)
    await desk.says("Forget it, can I pay with a cheque?")

    async def recorded() -> bool:
        return len(await desk.messages(conversation_id)) == 2

    await until(recorded, "the second message is recorded")
    await arrives(desk, answer(mail, desk.ana, "Only cards."))
    assert (await outcomes(desk, 1))[0][0] is MailOutcome.REFUSED
    refusal = await told(desk, mailbox, desk.ana, count=2)
    body = refusal.get_body(("plain",))
    assert body is not None
    assert "can I pay with a cheque?" in body.get_content()
    await arrives(desk, answer(refusal, desk.ana, "No cheques either."))
    await desk.until_sent(1)
    assert desk.vendor.texts == ["No cheques either."]


async def test_the_customers_words_are_shown_although_the_holding_line_came_after_them(desk: Desk, mailbox: Inboxes) -> None:
    await desk.sets(holding_line="One moment, please.", notify_email_after_minutes="0.05")
    await flagged(desk)
    await desk.until_sent(1)
    body = (await told(desk, mailbox, desk.ana)).get_body(("plain",))
    assert body is not None
    assert QUESTION in body.get_content()
    assert "One moment" not in body.get_content()


async def test_an_answer_after_the_apology_still_reaches_the_customer(desk: Desk, mailbox: Inboxes) -> None:
    await desk.sets(reply_timeout_minutes="0.25", apology_line="Sorry for the wait.")
    conversation_id = await flagged(desk)
    mail = await told(desk, mailbox, desk.ana)
    await desk.until_sent(1)
    await desk.until_status(conversation_id, Status.BOT)
    await arrives(desk, answer(mail, desk.ana, "Only cards."))
    await desk.until_sent(2)
    assert desk.vendor.texts == ["Sorry for the wait.", "Only cards."]


async def test_an_inbox_can_keep_customers_words_out_of_mails(desk: Desk, mailbox: Inboxes) -> None:
    await desk.sets(notify_email_with_text="false")
    await flagged(desk)
    mail = await told(desk, mailbox, desk.ana)
    assert mail["Reply-To"] is None
    assert QUESTION not in mail.as_string()


async def test_answers_are_found_in_a_mailbox_that_stays_as_it_is(desk: Desk, mailbox: Inboxes) -> None:
    await flagged(desk)
    mail = await told(desk, mailbox, desk.ana)
    async with ImapServer() as imap:
        watch = MailboxWatch(Mailbox.from_url(imap.url, REPLY_TO), desk.stores.mail, desk.gateway.answer_by_mail)
        imap.deliver(answer(mail, desk.ana, "Too old: it lay there before"))
        assert await watch.look() == 0, "a mailbox is read from when it is first opened"
        imap.deliver(b"From: friend@example.org\r\nTo: desk@shop.example\r\nMessage-ID: <x@example.org>\r\n\r\nLunch?")
        imap.deliver(answer(mail, desk.ana, "Only cards."))
        assert await watch.look() == 1
        assert await watch.look() == 0
        await desk.until_sent(1)
        assert desk.vendor.texts == ["Only cards."]


async def test_a_mailbox_that_refuses_says_what_to_check() -> None:
    async with ImapServer() as imap:
        wrong = Mailbox.from_url(imap.url.replace("mailbox", "wrong"), REPLY_TO)
        with pytest.raises(OSError, match="FRONTDESK_IMAP_URL"):
            await asyncio.to_thread(wrong.new_mails, None)
