"""The main job in Chromium, on the running product: asked, flagged, answered by hand, and the next question by the bot."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect

from scripts.find_browser import found
from tests.e2e.product import SHOP_PDF, Product, product_in, until

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.timeout(300), pytest.mark.asyncio(loop_scope="module")]

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE = 30_000
"""Milliseconds, for a machine with other work."""
UNKNOWN = "Do you repair bicycles and lawn mowers?"
KNOWN = "How long does shipping to Chile take?"


@pytest.fixture(scope="module")
def chromium() -> str | None:
    """Where the browser lies. Not async: the look-up may use Playwright's blocking API."""
    return found()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def shop(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Product]:
    """Running, with a website chat and the example shop's document."""
    async with product_in(tmp_path_factory.mktemp("desk")) as product:
        await product.done("inbox", "add", "webchat", "--name", "Example shop", "--id", "shop", "--set", "quiet_window_seconds=0.3")
        await product.done("knowledge", "import", str(SHOP_PDF))
        await product.start()
        yield product


class Stage:
    """Pages of people who know nothing of each other."""

    def __init__(self, browser: Browser, url: str) -> None:
        self._browser, self._url = browser, url
        self.pages: dict[str, Page] = {}
        self.complaints: list[str] = []
        """What the consoles reported as errors."""

    async def enter(self, who: str, *, scripts: bool = True, width: int = 1280) -> Page:
        """A browser of its own for this person."""
        context = await self._browser.new_context(
            base_url=self._url, java_script_enabled=scripts, viewport={"width": width, "height": 844}, locale="en-GB"
        )
        context.set_default_timeout(PATIENCE)
        page = self.pages[who] = await context.new_page()
        page.on("console", lambda said: self.complaints.append(f"{who}: {said.text}") if said.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(f"{who}: {error}"))
        return page


@asynccontextmanager
async def stage(chromium: str | None, url: str, pictures: Path) -> AsyncIterator[Stage]:
    """What goes wrong on it leaves a picture of every page."""
    expect.set_options(timeout=PATIENCE)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        found_stage = Stage(browser, url)
        try:
            yield found_stage
        except BaseException:
            for who, page in found_stage.pages.items():
                await page.screenshot(path=pictures / f"{who}.png", full_page=True)
            raise
        finally:
            await browser.close()


async def sign_in(product: Product, page: Page, email: str, name: str) -> None:
    added = await product.done("manager", "add", email, "--name", name, "--role", "owner")
    await page.goto(added["sign_in_link"])
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("heading", name="Inbox", exact=True)).to_be_attached()


async def reloaded_until(page: Page, selector: str, text: str) -> None:
    """As a person without scripts does who waits for something."""

    async def there() -> bool:
        if await page.locator(selector, has_text=text).count():
            return True
        await page.reload()
        return False

    await until(there, f"{selector} says {text}")


async def write(page: Page, text: str) -> None:
    """As a customer of the chat page."""
    await page.get_by_label("Write a message").fill(text)
    await page.get_by_label("Send").click()


async def test_unknown_question_goes_to_a_person_and_the_next_one_to_the_bot(shop: Product, chromium: str | None, tmp_path: Path) -> None:
    async with stage(chromium, shop.url, tmp_path) as opened:
        manager = await opened.enter("manager")
        await sign_in(shop, manager, "maya@shop.example", "Maya Ortiz")
        await manager.goto("/inbox/mine")
        await manager.locator("html[data-keep-live]").wait_for()
        await manager.evaluate("window.stillThere = true")

        customer = await opened.enter("customer", width=390)
        await customer.goto("/chat/shop")
        await write(customer, UNKNOWN)

        row = manager.locator(".row", has_text=UNKNOWN)
        await expect(row).to_contain_text("Human feedback needed")
        toast = manager.locator(".toast")
        await expect(toast).to_contain_text(UNKNOWN)
        assert await manager.evaluate("window.stillThere"), "the dashboard was not loaded again"
        await expect(customer.get_by_text("A colleague will answer you here")).to_be_visible()

        await toast.get_by_role("link", name="Open").click()
        await expect(manager.locator(".msg--in")).to_contain_text(UNKNOWN)
        await manager.locator("textarea[name=text]").fill("We don't, but the workshop next door does.")
        await manager.locator("[data-send=reply]").click()
        await expect(customer.get_by_text("the workshop next door does")).to_be_visible()
        await expect(manager.locator(".msg--mine").locator(".msg__state", has_text="Sent")).to_be_visible()
        await expect(manager.get_by_role("button", name="Bot", exact=True)).to_have_attribute("aria-pressed", "true")

        await write(customer, KNOWN)
        answer = customer.locator(".msg[data-from=bot]").last
        await expect(answer).to_contain_text("Chile take 5 to 8 working days")
        await expect(answer).to_contain_text("shop.pdf, p. ")
        await expect(manager.locator(".msg--bot").last).to_contain_text("5 to 8 working days")

        await customer.reload()
        await expect(customer.locator(".msg[data-from=customer]")).to_have_count(2)
        await expect(customer.get_by_text("the workshop next door does")).to_be_visible()
        assert opened.complaints == []


async def test_all_of_it_works_without_scripts(shop: Product, chromium: str | None, tmp_path: Path) -> None:
    async with stage(chromium, shop.url, tmp_path) as opened:
        customer = await opened.enter("customer", scripts=False, width=390)
        await customer.goto("/chat/shop")
        await write(customer, UNKNOWN)
        await expect(customer.locator(".msg[data-from=customer]")).to_contain_text(UNKNOWN)

        manager = await opened.enter("manager", scripts=False)
        await sign_in(shop, manager, "luis@shop.example", "Luis Prado")

        await manager.goto("/inbox/mine")
        await reloaded_until(manager, ".row", "Human feedback needed")
        await manager.locator(".row__link").first.click()
        await expect(manager.locator(".msg--in")).to_contain_text(UNKNOWN)
        await manager.locator("textarea[name=text]").fill("A plain form wrote this.")
        await manager.get_by_role("button", name="Send", exact=True).click()
        await reloaded_until(manager, ".msg--mine", "A plain form wrote this.")

        await customer.goto("/chat/shop")
        await reloaded_until(customer, ".msg", "A plain form wrote this.")
