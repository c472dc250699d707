"""What of an answering mail is the person's own, as mail programs in six languages quote."""

import json

import pytest

from domain.errors import InvalidInput
from domain.mail import MailForm, ReadMail, ReceivedMail
from notifications.inbound import read_mail
from notifications.reply_text import MARK, own_words, words_of_html

OWN = "Sí, en 5 a 8 días.\n\nSaludos"

QUOTES = {
    "gmail en": "On Sun, Nov 22, 2026 at 10:03 AM Frontdesk <desk@shop.example> wrote:\n\n> Do you ship?",
    "gmail en broken": "On Sun, Nov 22, 2026 at 10:03 AM Frontdesk\n<desk+abcdefghijklmnopqrstuvwx@shop.example> wrote:\n> Do you ship?",
    "gmail es": "El dom, 22 nov 2026 a las 10:03, Frontdesk (<desk@shop.example>) escribió:\n\n> Do you ship?",
    "gmail pt": "Em dom., 22 de nov. de 2026 às 10:03, Frontdesk <desk@shop.example> escreveu:\n> Do you ship?",
    "gmail fr": "Le dim. 22 nov. 2026 à 10:03, Frontdesk <desk@shop.example> a écrit :\n> Do you ship?",
    "gmail de": "Am So., 22. Nov. 2026 um 10:03 Uhr schrieb Frontdesk <\ndesk@shop.example>:\n\n> Do you ship?",
    "gmail it": "Il giorno dom 22 nov 2026 alle ore 10:03 Frontdesk <desk@shop.example> ha scritto:\n> Do you ship?",
    "apple fr": "> Le 22 nov. 2026 à 10:03, Frontdesk <desk@shop.example> a écrit :\n> \n> Do you ship?",
    "outlook en": "-----Original Message-----\nFrom: Frontdesk\nSent: Sunday\nDo you ship?",
    "outlook es": "-----Mensaje original-----\nDe: Frontdesk\nDo you ship?",
    "outlook headers en": "From: Frontdesk <desk@shop.example>\nSent: Sunday, November 22, 2026\nTo: Ines\nSubject: x\n\nDo you ship?",
    "outlook headers de": "Von: Frontdesk <desk@shop.example>\nGesendet: Sonntag, 22. November\nAn: Ines\nBetreff: x\n\nDo you ship?",
    "outlook headers pt": "De: Frontdesk\nEnviado em: domingo\nPara: Ines\nAssunto: x\nDo you ship?",
    "outlook rule": "________________________________\nDe : Frontdesk\nDo you ship?",
    "our own mark": f"-- {MARK} --\n\nHello Ines,\n\na customer needs a person",
    "signature": "-- \nInés Albornoz\nFaro & Hilo",
    "mobile en": "Sent from my iPhone",
    "mobile es": "Enviado desde mi iPhone",
    "mobile de": "Von meinem iPhone gesendet",
    "quoted lines": "> Do you ship?\n> ",
}


@pytest.mark.parametrize("quote", list(QUOTES.values()), ids=list(QUOTES))
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_what_mail_programs_put_below_is_left_out(quote: str, ending: str) -> None:
    assert own_words(f"{OWN}\n\n{quote}\n".replace("\n", ending)) == OWN


@pytest.mark.parametrize(
    "text",
    [
        "On Monday we open at nine, as I wrote: come by.",
        "El lunes abrimos a las nueve",
        "From 9 to 17, from Monday on.",
        "De: acuerdo, lo enviamos mañana",
        "Am Montag sind wir da.",
        "Price list:\n- one: 5\n- two -- 7",
        "Le lundi nous sommes ouverts.\nDate : lundi",
    ],
)
def test_a_persons_own_words_stay(text: str) -> None:
    assert own_words(text) == text


def test_answers_between_quoted_lines_stay() -> None:
    assert own_words("> Do you ship?\nYes.\n> And when?\nIn 5 days.") == "Yes.\nIn 5 days."


def test_nothing_new_is_empty() -> None:
    assert own_words("\n\nOn Sun, 22 Nov 2026 at 10:03 Frontdesk <desk@shop.example> wrote:\n> Do you ship?") == ""


def test_html_loses_its_quotation_and_its_markup() -> None:
    html = (
        "<html><head><style>p{}</style></head><body><div>Yes, in <b>5</b> to 8 days.</div><div>Ines</div><br>"
        '<div class="gmail_quote"><div>On Sunday Frontdesk wrote:<br></div><blockquote><p>Do you ship?</p></blockquote></div></body></html>'
    )
    assert words_of_html(html) == "Yes, in 5 to 8 days.\n\nInes"


def mime(headers: str = "", body: str = "Yes.") -> ReadMail:
    known = "From: Ines <Ines@Shop.example>\r\nTo: desk+abc@shop.example\r\nMessage-ID: <m-1@mail.example>\r\nSubject: Re: x\r\n"
    return read_mail(ReceivedMail(form=MailForm.MIME, content=(known + headers + "\r\n" + body).encode()))


def test_a_plain_mail_is_read() -> None:
    mail = mime()
    assert (mail.message_id, mail.sender, mail.recipients, mail.text) == (
        "m-1@mail.example",
        "ines@shop.example",
        ("desk+abc@shop.example",),
        "Yes.",
    )
    assert (mail.automatic, mail.proved) == (None, None)


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: auto-replied",
        "Precedence: bulk",
        "X-Autoreply: yes",
        "X-Auto-Response-Suppress: All",
        "List-Id: <all.shop.example>",
        "Return-Path: <>",
        'Content-Type: multipart/report; boundary="b"',
    ],
)
def test_what_no_person_wrote_is_recognised(header: str) -> None:
    assert mime(f"{header}\r\n").automatic is not None
    assert mime("Auto-Submitted: no\r\n").automatic is None


@pytest.mark.parametrize(
    ("header", "proved"),
    [
        ("Authentication-Results: mx.example; spf=pass; dkim=pass; dmarc=pass", True),
        ("Authentication-Results: mx.example; spf=fail; dkim=pass", True),
        ("Authentication-Results: mx.example; spf=softfail; dkim=none", False),
        ("Authentication-Results: mx.example; spf=pass; dmarc=fail", False),
        ("Authentication-Results: mx.example; spf=none; dkim=none", None),
        ("Authentication-Results: mx.example; spf=fail\r\nAuthentication-Results: forged.example; spf=pass; dkim=pass", False),
    ],
)
def test_what_the_relay_found_out_counts_and_what_came_with_the_mail_does_not(header: str, proved: bool | None) -> None:
    assert mime(f"{header}\r\n").proved is proved


def test_a_mail_that_sendgrid_took_apart_is_read() -> None:
    fields = {
        "headers": "Message-ID: <m-2@mail.example>\nFrom: Ines <ines@shop.example>\nTo: Frontdesk <desk+abc@shop.example>\n",
        "from": "Ines <ines@shop.example>",
        "text": "Yes.\n\n> Do you ship?",
        "envelope": '{"to":["desk+abc@shop.example"],"from":"ines@shop.example"}',
        "SPF": "softfail",
        "dkim": "{@shop.example : pass}",
    }
    mail = read_mail(ReceivedMail(form=MailForm.FIELDS, content=json.dumps(fields).encode()))
    assert (mail.message_id, mail.sender, mail.text, mail.proved) == ("m-2@mail.example", "ines@shop.example", "Yes.", True)
    assert mail.recipients == ("desk+abc@shop.example",)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"Subject: without a sender\r\n\r\nhello", b"From: ines@shop.example\r\n\r\nno id"])
def test_what_is_no_mail_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidInput):
        read_mail(ReceivedMail(form=MailForm.MIME, content=content))
