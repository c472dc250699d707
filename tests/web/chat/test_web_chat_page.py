"""The chat page as HTML: what a visitor without JavaScript can do, and who may see what."""

import re
from uuid import uuid4

import httpx2
import pytest
from fastapi import FastAPI

from channels.registry import FEATURES
from domain.channels import ChannelKind, SendResult
from domain.conversations import Status
from domain.knowledge import Citation
from domain.managers import Inbox, Role
from domain.person_requests import asks_for_person
from storage.secrets import Vault
from tests.web.chat.conftest import application, assemble, browser
from tests.web.chat.desk import FakeDesk
from web.chat.look import brand, contrast, text_on
from web.chat.texts import LANGUAGES, preferred, texts_for
from web.services import Services

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 64
PDF = b"%PDF-1.7\n" + b"x" * 64


async def open_page(visitor: httpx2.AsyncClient, **headers: str) -> str:
    answer = await visitor.get("/chat/shop", headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.text


async def submit(visitor: httpx2.AsyncClient, text: str, **files: tuple[str, bytes, str]) -> httpx2.Response:
    """Fills in the page's form and sends it, as a browser without JavaScript does."""
    page = await open_page(visitor)
    composer = page[page.index('id="composer"') :]
    form_id = re.search(r'name="id" value="([^"]+)"', composer)
    assert form_id is not None
    sent = [("files", file) for file in files.values()] or [("files", ("", b"", "application/octet-stream"))]
    return await visitor.post("/chat/shop/messages", data={"id": form_id[1], "text": text}, files=sent)


def address(desk: FakeDesk) -> str:
    return desk.received[-1].address


async def test_the_page_greets_in_the_inboxs_words_and_the_visitors_language(visitor: httpx2.AsyncClient) -> None:
    page = await open_page(visitor, **{"accept-language": "es-AR,es;q=0.9,en;q=0.5"})
    assert '<html lang="es">' in page
    assert "Hi from the shop!" in page
    assert "Hablar con una persona" in page


async def test_a_message_is_sent_and_answered_without_javascript(visitor: httpx2.AsyncClient, desk: FakeDesk) -> None:
    answer = await submit(visitor, "  Do you ship\r\nto Chile?  ")
    assert (answer.status_code, answer.headers["location"]) == (303, "/chat/shop?sent=1#end")
    assert desk.received[0].message.text == "Do you ship\nto Chile?"
    await desk.say(address(desk), "Yes, in 5 to 8 days.", citations=(Citation(document="shop.pdf", page=2),) * 2)
    page = await open_page(visitor)
    assert "Do you ship\nto Chile?" in page
    assert page.index("Do you ship") < page.index("Yes, in 5 to 8 days.")
    assert page.count("From: shop.pdf, p. 2") == 1


async def test_the_same_form_sent_twice_is_one_message(visitor: httpx2.AsyncClient, desk: FakeDesk) -> None:
    page = await open_page(visitor)
    form = {"id": str(uuid4()), "text": "Hello"}
    assert "composer" in page
    assert [(await visitor.post("/chat/shop/messages", data=form)).status_code for _ in range(3)] == [303] * 3
    assert len(desk.received) == 1


async def test_the_same_id_with_another_text_is_refused(visitor: httpx2.AsyncClient) -> None:
    await open_page(visitor)
    form_id = str(uuid4())
    accept = {"accept": "application/json"}
    await visitor.post("/chat/shop/messages", data={"id": form_id, "text": "one"}, headers=accept)
    assert (await visitor.post("/chat/shop/messages", data={"id": form_id, "text": "two"}, headers=accept)).status_code == 409


async def test_a_visitor_is_remembered_and_sees_nobody_elses_messages(app: FastAPI, desk: FakeDesk) -> None:
    async with browser(app) as ana, browser(app) as bob:
        await submit(ana, "I am Ana")
        await submit(bob, "I am Bob")
        assert len({arrival.address for arrival in desk.received}) == 2
        await submit(ana, "Still Ana")
        assert len({arrival.address for arrival in desk.received}) == 2
        assert "I am Bob" not in await open_page(ana)
        assert "Still Ana" in await open_page(ana)


async def test_what_is_private_never_reaches_the_visitor(visitor: httpx2.AsyncClient, desk: FakeDesk, services: Services) -> None:
    maya = await services.people.add("maya@shop.example", "Maya Ortiz", Role.MANAGER)
    await submit(visitor, "Where is my parcel?")
    who = address(desk)
    await desk.note(who, maya.id, "This customer is difficult")
    await desk.say(who, "An answer that was overtaken", settle=False)
    await desk.say(who, "An answer that failed", result=SendResult.FAILED)
    await desk.say(who, "It leaves today.", author_id=maya.id)
    for shown in (await open_page(visitor), (await visitor.get("/chat/shop/messages")).text):
        assert "It leaves today." in shown
        assert "Maya" in shown
        for secret in ("difficult", "overtaken", "failed\n", "secret complaint", "Ortiz", maya.id, "maya@", "confidence", "epoch"):
            assert secret not in shown, secret


async def test_customers_html_is_text(visitor: httpx2.AsyncClient) -> None:
    await submit(visitor, '<script>alert(1)</script> <img src=x onerror=alert(1)> see https://shop.example/a?b=1&c="2"')
    page = await open_page(visitor)
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert '<a href="https://shop.example/a?b=1&amp;c=" target' in page
    assert "&quot;2&quot;" in page


@pytest.mark.parametrize(
    ("status", "words"),
    [(Status.BOT, "Usually answers at once"), (Status.FLAGGED, "A person will answer here"), (Status.HUMAN, "Maya is answering you")],
)
async def test_the_page_says_who_has_the_conversation(
    visitor: httpx2.AsyncClient, desk: FakeDesk, services: Services, status: Status, words: str
) -> None:
    maya = await services.people.add("maya@shop.example", "Maya Ortiz", Role.MANAGER)
    await submit(visitor, "Hello")
    await desk.say(address(desk), "Hi!")
    await desk.set(address(desk), status, assignee_id=maya.id if status is Status.HUMAN else None)
    assert f'role="status">{words}</p>' in await open_page(visitor)


async def test_a_question_shows_that_the_bot_is_at_it(visitor: httpx2.AsyncClient, desk: FakeDesk) -> None:
    await submit(visitor, "Hello")
    assert 'data-state="thinking"' in await open_page(visitor)
    await desk.say(address(desk), "Hi!")
    assert 'data-state="bot"' in await open_page(visitor)


async def test_episodes_follow_each_other(visitor: httpx2.AsyncClient, desk: FakeDesk) -> None:
    await submit(visitor, "The first question")
    await desk.say(address(desk), "The first answer")
    await desk.set(address(desk), Status.CLOSED)
    await submit(visitor, "The second question")
    page = await open_page(visitor)
    assert page.index("The first question") < page.index("The first answer") < page.index("The second question")


async def test_offers_are_buttons_until_the_next_message(visitor: httpx2.AsyncClient, desk: FakeDesk) -> None:
    await submit(visitor, "Shipping?")
    await desk.say(address(desk), "Did you mean one of these?", quick_replies=("Do you ship to Chile?", "What does shipping cost?"))
    page = await open_page(visitor)
    assert '<button name="text" value="Do you ship to Chile?"' in page
    await submit(visitor, "Do you ship to Chile?")
    assert '<button name="text" value="What does shipping cost?"' not in await open_page(visitor)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_button_for_a_person_is_understood_in_every_language(language: str) -> None:
    assert asks_for_person(LANGUAGES[language].ask_for_person)


@pytest.mark.parametrize(
    ("given", "language"), [("", "en"), ("fr", "en"), ("pt-BR", "pt"), ("fr, es;q=0.8, en;q=0.9", "en"), ("*;q=x,,;;", "en")]
)
def test_the_page_speaks_the_first_language_it_has(given: str, language: str) -> None:
    assert texts_for(given).language == language
    assert texts_for(given, "es-CL").language == "es"


def test_readable_language_tags_are_ordered_by_their_weight() -> None:
    assert preferred("en;q=0.1, pt-BR, <script>;q=1, es;q=0.5") == ("pt-BR", "es", "en")


async def test_files_are_kept_and_come_back_with_their_own_type(visitor: httpx2.AsyncClient, desk: FakeDesk) -> None:
    answer = await submit(visitor, "", one=("../..\\photo\u202e.exe", PNG, "text/html"), two=("list.pdf", PDF, "image/png"))
    assert answer.status_code == 303
    names = [(attachment.name, attachment.mime_type) for attachment in desk.received[0].message.attachments]
    assert names == [("photo.png", "image/png"), ("list.pdf", "application/pdf")]
    page = await open_page(visitor)
    image = re.search(r'<img src="([^"]+)"', page)
    paper = re.search(r'class="bubble file" href="([^"]+)"', page)
    assert image is not None
    assert paper is not None
    for url, content, disposition in ((image[1], PNG, "inline"), (paper[1], PDF, "attachment")):
        served = await visitor.get(url)
        assert served.content == content
        assert served.headers["content-disposition"].startswith(disposition)
        assert served.headers["content-security-policy"] == "default-src 'none'; sandbox"
        assert served.headers["x-content-type-options"] == "nosniff"


async def test_a_file_is_given_only_to_who_has_its_link(app: FastAPI, visitor: httpx2.AsyncClient, services: Services) -> None:
    await submit(visitor, "", one=("a.png", PNG, "image/png"))
    other = await services.files.put(b"another customer's", name="b.png", mime_type="image/png")
    link = re.search(r'<img src="([^"]+)"', await open_page(visitor))
    assert link is not None
    path, _, key = link[1].partition("?key=")
    async with browser(app) as stranger:
        assert (await stranger.get(path)).status_code == 401
        assert (await stranger.get(f"/chat/shop/files/{other}?key={key}")).status_code == 403
        assert (await stranger.get(f"{path}?key=forged.forged")).status_code == 403


@pytest.mark.parametrize(
    ("text", "files", "status", "words"),
    [
        ("   ", {}, 400, "Write something first."),
        ("x" * 4_001, {}, 400, "4,000 characters"),
        ("", {"a": ("a.svg", b"<svg onload=alert(1)>", "image/svg+xml")}, 415, "Only images"),
        ("", {"a": ("a.html", b"<html>", "text/html")}, 415, "Only images"),
        ("", {str(n): (f"{n}.png", PNG, "image/png") for n in range(6)}, 400, "at most 5 files"),
        ("", {"a": ("a.pdf", b"%PDF-1.7" + b"x" * 10_000_000, "application/pdf")}, 413, "10 MB"),
    ],
    ids=["empty", "too long", "svg", "html", "six files", "too large"],
)
async def test_what_cannot_be_sent_comes_back_with_the_reason(
    visitor: httpx2.AsyncClient, desk: FakeDesk, text: str, files: dict[str, tuple[str, bytes, str]], status: int, words: str
) -> None:
    answer = await submit(visitor, text, **files)
    assert answer.status_code == status
    assert words in answer.text
    assert not desk.received


async def test_nothing_typed_is_lost_while_the_engine_is_away(visitor: httpx2.AsyncClient, desk: FakeDesk) -> None:
    desk.down = True
    answer = await submit(visitor, "My long question")
    assert answer.status_code == 503
    assert "We can&#39;t take messages right now" in answer.text
    assert "My long question</textarea>" in answer.text


async def test_the_page_runs_nothing_but_its_own_files(visitor: httpx2.AsyncClient) -> None:
    answer = await visitor.get("/chat/shop")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert "<style" not in answer.text
    assert " style=" not in answer.text
    assert not re.search(r"<script(?![^>]*src=)", answer.text)
    assert not re.search(r"\son\w+=", answer.text)
    for path in re.findall(r'(?:src|href)="(/[^"]+)"', answer.text):
        assert (await visitor.get(path)).status_code == 200, path


async def test_only_the_inboxs_own_sites_may_frame_the_widget(visitor: httpx2.AsyncClient) -> None:
    answer = await visitor.get("/chat/shop?embed=1")
    policy = answer.headers["content-security-policy"]
    assert policy.endswith("frame-ancestors 'self' https://shop.example https://*.shop.example:8443")
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("colour", "shown"), [("", "#4a46d8"), ("#0a7", "#00aa77"), ("#FFE08A", "#ffe08a"), ("red;}*{display:none", "#4a46d8")]
)
async def test_the_inboxs_colour_is_used_when_it_is_one(app: FastAPI, services: Services, colour: str, shown: str) -> None:
    await services.inboxes.set("shop", {"colour": colour})
    async with browser(app) as visitor:
        assert (await visitor.get("/chat/shop/theme.css")).text.startswith(f":root{{--brand:{shown};--onbrand:")
        look = await visitor.get("/chat/shop/widget.json?lang=pt")
        assert look.headers["access-control-allow-origin"] == "*"
        assert look.json() == {"colour": shown, "ink": text_on(shown), "label": "Abrir o chat", "close": "Fechar o chat"}


def test_text_can_be_read_on_every_colour(shop: Inbox) -> None:
    colours = [f"#{red:02x}{green:02x}{blue:02x}" for red in range(0, 256, 51) for green in range(0, 256, 51) for blue in range(0, 256, 51)]
    assert min(contrast(colour, text_on(colour)) for colour in colours) >= 4.5
    assert brand(shop) == "#4a46d8"


@pytest.mark.parametrize("path", ["/chat/nowhere", "/chat/our-rest", "/chat/nowhere/theme.css", "/chat/our-rest/messages"])
async def test_there_is_no_chat_where_there_is_no_chat_inbox(visitor: httpx2.AsyncClient, services: Services, path: str) -> None:
    await services.inboxes.add(ChannelKind.REST, "REST", inbox_id="our-rest", settings={})
    assert (await visitor.get(path)).status_code == 404


async def test_over_https_the_cookie_is_kept_from_scripts_and_other_sites(shop: Inbox, services: Services, desk: FakeDesk) -> None:
    secure = assemble(services.db, desk, "https://chat.example")
    async with browser(application(secure)) as visitor:
        cookie = (await visitor.get("/chat/shop")).headers["set-cookie"]
    assert cookie.startswith("__Secure-visitor=")
    assert {"HttpOnly", "Secure", "SameSite=lax", "Path=/chat/shop"} <= set(cookie.split("; "))
    await secure.live.close()


async def test_a_forged_or_foreign_cookie_is_a_new_visitor(visitor: httpx2.AsyncClient, desk: FakeDesk, services: Services) -> None:
    other = Vault("another key").sign("visitor", "shop/ana")
    elsewhere = services.vault.sign("visitor", "another-inbox/ana")
    wrong_purpose = services.vault.sign("session", "shop/ana")
    for token in (other, elsewhere, wrong_purpose, "x", ""):
        visitor.cookies.set("visitor", token, domain="chat.example", path="/chat/shop")
        answer = await visitor.post("/chat/shop/messages", data={"id": str(uuid4()), "text": "Hello"})
        assert answer.status_code == 303
        assert "set-cookie" in answer.headers
        visitor.cookies.clear()
    assert "ana" not in {arrival.address for arrival in desk.received}


def test_the_channels_features_are_what_the_page_does() -> None:
    features = FEATURES[ChannelKind.WEBCHAT]
    assert features.quick_replies
    assert features.attachments_in
    assert features.settings == ("origins", "colour")
