"""The chat in Chromium: what a customer sees and does, on a phone, in a shop's page, and when the network goes away."""

import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from playwright.async_api import Browser, Page, async_playwright, expect
from starlette.requests import Request
from starlette.responses import HTMLResponse

from domain.conversations import Status
from domain.knowledge import Citation
from domain.managers import Role
from tests.web.chat.desk import FakeDesk
from web.services import Services

pytestmark = pytest.mark.browser

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PHONE = {"width": 390, "height": 844}
STATIC = Path(__file__).parents[3] / "web" / "static"


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(FLAGS))
        yield browser
        await browser.close()


@pytest.fixture
async def complaints() -> list[str]:
    """What the browser's console reported as an error, policy violations among it."""
    return []


@pytest.fixture
async def phone(chromium: Browser, complaints: list[str]) -> Page:
    context = await chromium.new_context(viewport=PHONE, is_mobile=True, has_touch=True, locale="en-GB")  # type: ignore[arg-type] # a plain dict
    page = await context.new_page()
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return page


async def ask(page: Page, desk: FakeDesk, text: str) -> str:
    """Sends what a customer types; returns the visitor's address once it has arrived."""
    before = len(desk.received)
    await page.get_by_label("Write a message").fill(text)
    await page.get_by_label("Write a message").press("Enter")
    return (await desk.arrived(before + 1)).address


async def test_a_customer_is_answered_flagged_and_answered_by_a_person(
    phone: Page, served: str, desk: FakeDesk, services: Services, complaints: list[str]
) -> None:
    maya = await services.people.add("maya@shop.example", "Maya Ortiz", Role.MANAGER)
    await phone.goto(f"{served}/chat/shop")
    await expect(phone.get_by_text("Hi from the shop!")).to_be_visible()
    who = await ask(phone, desk, "Do you ship to Chile?")
    await expect(phone.locator("#typing")).to_be_visible()
    await desk.say(who, "Yes, in 5 to 8 days.", citations=(Citation(document="shop.pdf", page=2),))
    await expect(phone.get_by_text("From: shop.pdf, p. 2")).to_be_visible()
    await expect(phone.locator("#typing")).to_be_hidden()

    await phone.get_by_role("button", name="Talk to a person").click()
    await expect(phone.get_by_text("I would like to talk to a person")).to_be_visible()
    await desk.set(who, Status.FLAGGED)
    await expect(phone.get_by_role("status").filter(has_text="A person will answer here")).to_be_visible()
    await expect(phone.get_by_role("button", name="Talk to a person")).to_be_hidden()
    await desk.set(who, Status.HUMAN, assignee_id=maya.id)
    await desk.say(who, "It left this morning.", author_id=maya.id)
    await expect(phone.get_by_text("It left this morning.")).to_be_visible()
    await expect(phone.get_by_text("Maya is answering you")).to_be_visible()

    await phone.reload()
    await expect(phone.get_by_text("It left this morning.")).to_be_visible()
    assert await phone.locator(".msg[data-from=customer]").count() == 2
    assert complaints == []


async def test_offered_questions_are_buttons_and_the_list_is_not_shown_twice(phone: Page, served: str, desk: FakeDesk) -> None:
    await phone.goto(f"{served}/chat/shop")
    who = await ask(phone, desk, "Shipping?")
    offered = ("How long does it take?", "What does it cost?")
    await desk.say(who, "Did you mean one of these?\n1. How long does it take?\n2. What does it cost?", quick_replies=offered)
    await expect(phone.get_by_role("button", name="What does it cost?")).to_be_visible()
    await expect(phone.get_by_text("1. How long")).to_be_hidden()
    await phone.get_by_role("button", name="What does it cost?").click()
    await expect(phone.locator(".msg[data-from=customer]").filter(has_text="What does it cost?")).to_be_visible()
    await expect(phone.get_by_text("1. How long")).to_be_visible()
    await expect(phone.get_by_role("button", name="How long does it take?")).to_be_hidden()


async def test_a_message_that_could_not_be_sent_goes_out_once_when_the_network_is_back(phone: Page, served: str, desk: FakeDesk) -> None:
    await phone.goto(f"{served}/chat/shop")
    await ask(phone, desk, "Hello")
    await phone.context.set_offline(True)
    await phone.get_by_label("Write a message").fill("Are you there?")
    await phone.get_by_label("Send").click()
    await expect(phone.get_by_text("Not sent")).to_be_visible()
    await expect(phone.get_by_role("button", name="Try again")).to_be_visible()
    await phone.context.set_offline(False)
    await expect(phone.get_by_text("Not sent")).to_be_hidden(timeout=15_000)
    await expect(phone.locator(".msg[data-from=customer]:not([data-state])")).to_have_count(2)
    assert [arrival.message.text for arrival in desk.received] == ["Hello", "Are you there?"]


async def test_what_was_typed_is_sent_after_a_reload_under_the_same_id(phone: Page, served: str, desk: FakeDesk) -> None:
    desk.down = True
    await phone.goto(f"{served}/chat/shop")
    await phone.get_by_label("Write a message").fill("Kept?")
    await phone.get_by_label("Write a message").press("Enter")
    await expect(phone.get_by_text("Not sent")).to_be_visible()
    desk.down = False
    await phone.reload()
    await expect(phone.locator(".msg[data-from=customer]:not([data-state])")).to_have_count(1)
    assert [arrival.message.text for arrival in desk.received] == ["Kept?"]


async def test_the_page_works_without_javascript(chromium: Browser, served: str, desk: FakeDesk, services: Services) -> None:
    # The form's Origin must be the public URL where browsers send no fetch metadata; on 127.0.0.1 they do.
    context = await chromium.new_context(viewport=PHONE, java_script_enabled=False)  # type: ignore[arg-type] # a plain dict
    page = await context.new_page()
    await page.goto(f"{served}/chat/shop")
    await page.get_by_label("Write a message").fill("Do you ship to Chile?")
    await page.get_by_label("Send").click()
    await expect(page.locator(".msg[data-from=customer]").get_by_text("Do you ship to Chile?")).to_be_visible()
    await desk.say(desk.received[0].address, "Yes, in 5 to 8 days.")
    await page.get_by_role("link", name="Show new messages").click()
    await expect(page.get_by_text("Yes, in 5 to 8 days.")).to_be_visible()


async def test_the_widget_opens_in_a_shops_page_and_gives_focus_back(
    chromium: Browser, app: FastAPI, served: str, desk: FakeDesk, services: Services
) -> None:
    async def shop_page(request: Request) -> HTMLResponse:
        script = f'<script src="{served}/widget.js" data-inbox="shop" async></script>'
        return HTMLResponse(f"<!doctype html><html lang=es><title>A shop</title><h1>Blankets</h1>{script}")

    app.add_route("/a-shops-page", shop_page)
    page = await chromium.new_page(viewport={"width": 1280, "height": 800})
    await page.goto(f"{served}/a-shops-page")
    launcher = page.get_by_role("button", name="Abrir el chat")
    await launcher.click()
    frame = page.frame_locator("iframe")
    await expect(frame.get_by_label("Escribe un mensaje")).to_be_focused()
    await frame.get_by_label("Escribe un mensaje").fill("¿Hola?")
    await frame.get_by_label("Escribe un mensaje").press("Enter")
    await expect(frame.locator(".msg[data-from=customer]:not([data-state])")).to_have_count(1)
    box = await page.locator("iframe").bounding_box()
    assert box is not None
    assert (round(box["width"]), round(box["height"])) == (384, 640)

    await frame.get_by_label("Escribe un mensaje").press("Escape")
    await expect(page.locator("iframe")).to_be_hidden()
    await expect(launcher).to_be_focused()
    await desk.say(desk.received[0].address, "¡Hola! ¿En qué te ayudo?")
    await expect(launcher).to_contain_text("1")

    await page.reload()
    await expect(page.frame_locator("iframe").locator(".msg")).to_have_count(4)  # greeting, question, answer, and the hidden "is writing"
    await page.set_viewport_size({"width": 390, "height": 844})
    await launcher.click()
    box = await page.locator("iframe").bounding_box()
    assert box is not None
    assert (round(box["width"]), round(box["height"])) == (390, 844)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_nothing_overflows_on_the_narrowest_phone(
    chromium: Browser, served: str, desk: FakeDesk, services: Services, scheme: str
) -> None:
    await services.inboxes.set(
        "shop", {"greeting": "Donaudampfschifffahrtsgesellschaftskapitän " * 3 + "https://shop.example/" + "x" * 120}
    )
    context = await chromium.new_context(viewport={"width": 320, "height": 568}, color_scheme=scheme, locale="pt-BR")  # type: ignore[arg-type] # one of two words
    page = await context.new_page()
    await page.goto(f"{served}/chat/shop")
    await page.get_by_label("Escreva uma mensagem").fill("word" * 100 + " مرحبا 👩‍👩‍👧")
    await page.get_by_label("Enviar").click()
    await expect(page.locator(".msg[data-from=customer]:not([data-state])")).to_have_count(1)
    await desk.say(desk.received[0].address, "ok", citations=(Citation(document="a-very-long-file-name-" * 6 + ".pdf", page=12),))
    await expect(page.get_by_text("ok", exact=True)).to_be_visible()
    wider = await page.evaluate("""[document.documentElement.scrollWidth - innerWidth, log.scrollWidth - log.clientWidth]""")
    assert wider == [0, 0]
    small = await page.evaluate("""[...document.querySelectorAll("button, label.attach, textarea")].filter((node) => node.offsetParent)
        .filter((node) => Math.min(node.offsetWidth, node.offsetHeight) < 40).map((node) => node.outerHTML)""")
    assert small == []


def test_the_chats_colours_are_the_dashboards() -> None:
    pairs = dict(re.findall(r"--(\w+): light-dark\((#\w+, #\w+)\)", (STATIC / "css" / "tokens.css").read_text()))
    chat = (STATIC / "chat" / "chat.css").read_text()
    light, dark = chat.split("@media (prefers-color-scheme: dark)")[:2]
    for name, value in re.findall(r"--(\w+): (#\w+);", light):
        if name not in ("brand", "onbrand"):
            assert value == pairs[name].split(", ")[0], name
    for name, value in re.findall(r"--(\w+): (#\w+);", dark):
        assert value == pairs[name].split(", ")[1], name
