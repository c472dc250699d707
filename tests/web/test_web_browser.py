"""What a manager does in a real browser, with the live stream on."""

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from api.app import build_app
from domain.commands import PostReply, Resolve, Take
from domain.conversations import ConversationRecord
from storage.stores import Stores
from tests.web.conftest import services_over
from tests.web.engine import DeskEngine
from tests.web.shop import PASSWORD, Shop, furnish

pytestmark = pytest.mark.browser

CHROMIUM = shutil.which("chromium")
"""The system's; without one, Playwright's own."""
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
AXE = Path(__file__).parent / "vendor/axe.min.js"
RULES = "['wcag2a','wcag2aa','wcag21a','wcag21aa','wcag22aa','best-practice']"


@dataclass
class Desk:
    """A running dashboard with the shop behind it, and a browser in front."""

    url: str
    shop: Shop
    talks: dict[str, ConversationRecord]
    browser: Browser

    async def context(self, who: str | None = "maya", *, scripts: bool = True, axe: bool = False, **options: object) -> BrowserContext:
        context = await self.browser.new_context(java_script_enabled=scripts, bypass_csp=axe, **options)  # type: ignore[arg-type] # Playwright's own
        context.set_default_timeout(10_000)
        if who is not None:
            token = await self.shop.services.people.open_session(self.shop.people[who].id)
            await context.add_cookies([{"name": "session", "value": token, "url": self.url}])
        return context

    async def page(self, path: str = "/inbox/mine", who: str | None = "maya", **options: object) -> Page:
        page = await (await self.context(who, **options)).new_page()  # type: ignore[arg-type] # passed on
        await page.goto(self.url + path)
        return page

    def path(self, talk: str, section: str = "mine") -> str:
        return f"/inbox/{section}/{self.talks[talk].conversation_id}"


@pytest.fixture
async def desk(stores: Stores, engine: DeskEngine) -> AsyncIterator[Desk]:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port = door.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    services = services_over(stores, engine, url)
    shop = await Shop(services, engine).open()
    talks = await furnish(shop)
    server = uvicorn.Server(uvicorn.Config(build_app(services), port=port, log_config=None, timeout_graceful_shutdown=1))
    serving = asyncio.create_task(server.serve())
    async with asyncio.timeout(10):
        while not server.started:  # uvicorn tells it by this flag only
            await asyncio.sleep(0.02)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(args=FLAGS, executable_path=CHROMIUM)
        yield Desk(url, shop, talks, browser)
        await browser.close()
    await services.live.close()
    server.should_exit = True
    await serving


async def live(page: Page) -> None:
    """Waits until the tab's stream is open."""
    await page.locator("html[data-keep-live]").wait_for()


async def test_password_opens_the_inbox_and_a_wrong_one_does_not(desk: Desk) -> None:
    await desk.shop.services.people.set_password(desk.shop.people["maya"].id, PASSWORD)
    page = await desk.page("/inbox/mine", who=None)
    await page.fill("[name=email]", "maya@desk.example")
    await page.fill("[name=password]", "not this one at all")
    await page.click("button")
    await expect(page.get_by_role("alert")).to_be_visible()
    await page.fill("[name=password]", PASSWORD)
    await page.click("button")
    await expect(page.get_by_role("heading", name="Inbox", exact=True)).to_be_visible()


async def test_new_flag_reaches_an_open_tab(desk: Desk) -> None:
    page = await desk.page(desk.path("hannah"))
    await live(page)
    assert await page.title() == "(2) Inbox · Frontdesk"
    nadia = await desk.shop.talk("Nadia Haddad", minutes=3)
    await desk.shop.says(nadia, "Is the water tank dishwasher safe?", minutes=0)
    await desk.shop.flags(nadia, minutes=-0.1)
    toast = page.locator(".toast")
    await expect(toast).to_contain_text("Nadia Haddad")
    await expect(page.locator(f"#row-{nadia.conversation_id}")).to_contain_text("Human feedback needed")
    await expect(page.locator(".seg [aria-current]")).to_contain_text("7")
    await expect(page).to_have_title("(3) Inbox · Frontdesk")
    await toast.get_by_role("button", name="Take over").click()
    await expect(page.get_by_role("heading", name="Nadia Haddad")).to_be_visible()
    assert isinstance(desk.shop.engine.verbs[-1], Take)


async def test_double_send_is_sent_once_and_shown_at_once(desk: Desk) -> None:
    page = await desk.page(desk.path("hannah"))
    await live(page)
    await page.keyboard.press("r")
    field = page.get_by_label("Reply to Hannah Lindqvist")
    await expect(field).to_be_focused()
    await field.fill("We send you a new carafe today.")
    await page.keyboard.press("Control+Enter")
    await page.keyboard.press("Control+Enter")
    bubbles = page.locator(".msg--mine", has_text="new carafe today")
    await expect(bubbles.locator(".msg__state", has_text="Sent")).to_be_visible()
    await expect(bubbles).to_have_count(1)
    await expect(field).to_have_value("")
    assert len([verb for verb in desk.shop.engine.verbs if isinstance(verb, PostReply)]) == 1


async def test_live_changes_leave_text_focus_and_scroll_alone(desk: Desk) -> None:
    page = await desk.page(desk.path("hannah"))
    await live(page)
    field = page.get_by_label("Reply to Hannah Lindqvist")
    await field.fill("I am still writing")
    await field.evaluate("at => at.setSelectionRange(4, 4)")
    for number in range(5):
        await desk.shop.says(desk.talks["hannah"], f"Further message {number}", minutes=0)
    await expect(page.locator(".msg--in", has_text="Further message 4")).to_be_visible()
    await expect(field).to_have_value("I am still writing")
    await expect(field).to_be_focused()
    assert await field.evaluate("at => at.selectionStart") == 4


async def test_unseen_message_stops_a_reply_until_it_is_sent_anyway(desk: Desk) -> None:
    context = await desk.context()
    await context.route("**/events", lambda route: route.abort())
    page = await context.new_page()
    await page.goto(desk.url + desk.path("hannah"))
    await desk.shop.says(desk.talks["hannah"], "Forget the carafe, I want my money back.", minutes=0)
    field = page.get_by_label("Reply to Hannah Lindqvist")
    await field.fill("The carafe is on its way.")
    await page.keyboard.press("Control+Enter")
    conflict = page.locator("#conflict")
    await expect(conflict).to_contain_text("Forget the carafe")
    await expect(field).to_have_value("The carafe is on its way.")
    await conflict.get_by_role("button", name="Send anyway").click()
    await expect(page.locator(".msg--mine", has_text="on its way").locator(".msg__state", has_text="Sent")).to_be_visible()
    await expect(conflict).to_be_empty()
    await expect(field).to_have_value("")


async def test_two_managers_see_who_has_it(desk: Desk) -> None:
    maya = await desk.page(desk.path("priya"))
    dana = await desk.page(desk.path("priya", "all"), who="dana")
    await live(maya)
    await live(dana)
    await maya.keyboard.press("t")
    await expect(maya.get_by_role("button", name="You", exact=True)).to_have_attribute("aria-pressed", "true")
    await expect(dana.locator(".composer__why")).to_contain_text("Maya Ortiz has it")
    await expect(dana.locator("[data-send=reply]")).to_be_disabled()


async def test_keys_walk_the_list_and_resolving_opens_the_next_row(desk: Desk) -> None:
    page = await desk.page()
    await page.keyboard.press("j")
    await expect(page.locator(".row__link").nth(0)).to_be_focused()
    await page.keyboard.press("j")
    await page.keyboard.press("k")
    await page.keyboard.press("Enter")
    await expect(page.locator("#thread-name")).to_be_focused()
    await expect(page.locator("#thread-name")).to_have_text("Priya Raman")
    await page.keyboard.press("t")
    await expect(page.get_by_role("button", name="You", exact=True)).to_have_attribute("aria-pressed", "true")
    await page.keyboard.press("e")
    await expect(page.locator("#thread-name")).not_to_have_text("Priya Raman")
    assert isinstance(desk.shop.engine.verbs[-1], Resolve)
    await page.keyboard.press("?")
    await expect(page.locator("#keys")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.keyboard.press("/")
    await expect(page.locator("#search")).to_be_focused()


async def test_drafts_stay_with_their_conversation(desk: Desk) -> None:
    page = await desk.page(desk.path("hannah"))
    await page.get_by_label("Reply to Hannah Lindqvist").fill("Half a sentence")
    await page.locator(".row__link", has_text="Mei Tanaka").click()
    await expect(page.get_by_label("Reply to Mei Tanaka")).to_have_value("")
    await page.locator(".row__link", has_text="Hannah").click()
    await expect(page.get_by_label("Reply to Hannah Lindqvist")).to_have_value("Half a sentence")
    await page.go_back()
    await expect(page.locator("#thread-name")).to_have_text("Mei Tanaka")
    await expect(page.locator(".row__link[aria-current]")).to_contain_text("Mei Tanaka")


async def test_an_upload_shows_how_far_it_is_read(desk: Desk) -> None:
    page = await desk.page("/knowledge")
    await live(page)
    await page.set_input_files("#file", {"name": "Shop.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 not much"})
    await page.get_by_role("button", name="Upload").click()
    documents = page.locator("#documents")
    await expect(documents).to_contain_text("Waiting to be read")
    (document,) = await desk.shop.services.documents.list()
    assert desk.shop.engine.imported == [document.id]
    await desk.shop.services.documents.progress(document.id, step="Page 9 of 21", share=0.43)
    await expect(documents).to_contain_text("Reading 43%")
    await desk.shop.services.documents.publish(document.id, pages=21, chunks=[])
    await expect(documents.locator(".chip--ok")).to_be_visible()
    await page.set_input_files("#file", {"name": "Again.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 not much"})
    await page.get_by_role("button", name="Upload").click()
    await expect(page.locator("#upload").get_by_role("alert")).to_be_visible()


async def test_search_finds_while_typing_and_keeps_the_caret(desk: Desk) -> None:
    page = await desk.page("/inbox/all")
    await page.keyboard.press("/")
    await page.keyboard.type("carafe")
    await expect(page.locator(".row")).to_have_count(1)
    await expect(page.locator("#search")).to_be_focused()
    await expect(page.locator("#search")).to_have_value("carafe")
    assert "q=carafe" in page.url


async def test_reading_and_replying_work_without_scripts(desk: Desk) -> None:
    page = await desk.page(scripts=False)
    await page.locator(".row__link", has_text="Hannah").click()
    await expect(page.locator(".msg--in")).to_contain_text("cracked carafe")
    await page.get_by_label("Reply to Hannah Lindqvist").fill("A plain form did this.")
    await page.get_by_role("button", name="Send", exact=True).click()
    await expect(page.locator(".msg--mine")).to_contain_text("A plain form did this.")
    await page.locator(".row__link", has_text="Priya").click()
    await page.get_by_role("button", name="You", exact=True).click()
    await expect(page.get_by_role("button", name="You", exact=True)).to_have_attribute("aria-pressed", "true")
    await page.get_by_role("button", name="Resolve").click()
    await expect(page.locator(".system")).to_contain_text("Resolved by Maya Ortiz")


async def test_phone_shows_one_pane_and_the_panel_as_a_sheet(desk: Desk) -> None:
    page = await desk.page(viewport={"width": 390, "height": 844})
    await page.locator(".row__link", has_text="Priya").click()
    await expect(page.locator("#list")).to_be_hidden()
    await page.get_by_role("link", name="Panel").click()
    await expect(page.get_by_role("heading", name="Why the bot stopped")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.locator("#panel")).to_be_hidden()
    await page.get_by_role("link", name="Back to the list").click()
    await expect(page.locator("#list")).to_be_visible()
    await expect(page.locator("#thread")).to_be_hidden()


async def test_a_stream_that_could_not_be_opened_is_opened_later(desk: Desk) -> None:
    context = await desk.context()
    await context.route("**/events", lambda route: route.abort(), times=2)
    page = await context.new_page()
    await page.goto(desk.url + desk.path("hannah"))
    await expect(page.locator(".connection--late")).to_be_visible()
    await live(page)
    await expect(page.locator(".connection--late")).to_be_hidden()
    await desk.shop.says(desk.talks["hannah"], "Still there?", minutes=0)
    await expect(page.locator(".msg--in", has_text="Still there?")).to_be_visible()


async def test_ended_session_says_so_in_the_open_tab(desk: Desk) -> None:
    page = await desk.page(desk.path("hannah"))
    await live(page)
    await page.context.clear_cookies()
    await page.locator(".row__link", has_text="Mei Tanaka").click()
    await expect(page.locator(".connection--out")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_pages_have_no_accessibility_violation(desk: Desk, scheme: str) -> None:
    context = await desk.context(axe=True, color_scheme=scheme, viewport={"width": 1440, "height": 900})
    outside = await desk.context(None, axe=True, color_scheme=scheme)
    script = AXE.read_text()
    found = []
    for where, path in ((context, "/inbox/mine"), (context, desk.path("priya")), (context, "/knowledge"), (outside, "/sign-in")):
        page = await where.new_page()
        await page.goto(desk.url + path)
        await page.evaluate(script)
        result = await page.evaluate(f"axe.run(document, {{runOnly: {RULES}}})")
        found += [(path, violation["id"], [node["html"] for node in violation["nodes"]]) for violation in result["violations"]]
    assert found == []


async def test_nothing_breaks_the_content_security_policy(desk: Desk) -> None:
    page = await (await desk.context()).new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    for path in (desk.path("priya"), "/knowledge", "/team", "/channels"):
        await page.goto(desk.url + path)
        await live(page)
    assert said == []


async def test_a_colleague_who_writes_is_seen_at_once_and_no_longer_when_he_has_gone(desk: Desk) -> None:
    maya, dana = await desk.page(desk.path("priya"), "maya"), await desk.page(desk.path("priya"), "dana")
    await expect(maya.locator("#presence")).to_contain_text("Dana Kim is looking at this too")
    await dana.locator(".composer textarea[name=text]").press_sequentially("It is")
    await expect(maya.locator("#presence")).to_contain_text("Dana Kim is writing here")
    await expect(maya.locator("#presence")).to_contain_text("looking at this too", timeout=20_000)
    await dana.goto(desk.url + "/inbox/mine")
    await expect(maya.locator("#presence p")).to_be_empty(timeout=45_000)
