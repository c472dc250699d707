"""What draws attention besides the page, in a real browser: the sound, system notifications, push messages."""

import pytest
from playwright.async_api import Page, expect

from tests.vendors.push_service import PushServer
from tests.web.test_web_browser import AXE, RULES, Desk, desk, live  # noqa: F401 # `desk` is a fixture

pytestmark = pytest.mark.browser

PUSH_SERVICE = """
const keys = KEYS;
const known = { current: null };
PushManager.prototype.getSubscription = async () => known.current;
PushManager.prototype.subscribe = async function (options) {
  if (!options.userVisibleOnly || options.applicationServerKey.length !== 65) throw new TypeError("a VAPID key is needed");
  known.current = { toJSON: () => keys, unsubscribe: async () => { known.current = null; return true; } };
  return known.current;
};
"""
"""No vendor's push service can be reached from a test: the browser's own part up to it is real, the rest answers as Chromium does."""


async def with_push_service(desk: Desk, server: PushServer) -> Page:  # noqa: F811 # the fixture's value
    laptop = server.browser("laptop")
    keys = f'{{"endpoint": "{laptop.endpoint}", "keys": {{"p256dh": "{laptop.p256dh}", "auth": "{laptop.auth}"}}}}'
    context = await desk.context()
    await context.grant_permissions(["notifications"], origin=desk.url)
    await context.add_init_script(PUSH_SERVICE.replace("KEYS", keys))
    page = await context.new_page()
    await page.goto(f"{desk.url}/notifications")
    return page


async def test_a_click_turns_push_messages_on_and_another_one_off(desk: Desk) -> None:  # noqa: F811 # the fixture
    async with PushServer() as server:
        page = await with_push_service(desk, server)
        button = page.get_by_role("button", name="Push messages in this browser")
        await expect(button).to_have_attribute("aria-pressed", "false")
        push = desk.shop.services.telling.push
        assert await push.of(desk.shop.people["maya"].id) == [], "nothing happens without a click"
        await button.click()
        await expect(page.locator("#alerts-said")).to_have_text("This browser takes push messages now.")
        await expect(button).to_have_attribute("aria-pressed", "true")
        (subscription,) = await push.of(desk.shop.people["maya"].id)
        assert subscription.endpoint == f"{server.url}/push/laptop"
        registered = await page.evaluate("navigator.serviceWorker.ready.then((worker) => [worker.scope, worker.active.scriptURL])")
        assert registered == [f"{desk.url}/", f"{desk.url}/sw.js"]
        await button.click()
        await expect(page.locator("#alerts-said")).to_have_text("This browser takes no push messages any more.")


async def test_the_service_worker_shows_a_message_without_any_words_of_the_customer(desk: Desk) -> None:  # noqa: F811 # the fixture
    async with PushServer() as server:
        page = await with_push_service(desk, server)
        await page.get_by_role("button", name="Push messages in this browser").click()
        await expect(page.locator("#alerts-said")).to_be_visible()
        session = await page.context.new_cdp_session(page)
        await session.send("ServiceWorker.enable")
        registration = await _registration_id(page, session)
        data = '{"title": "Human feedback needed", "body": "A customer needs a person", "tag": "c-1", "url": "/inbox/mine"}'
        await session.send("ServiceWorker.deliverPushMessage", {"origin": desk.url, "registrationId": registration, "data": data})
        all_shown = "navigator.serviceWorker.ready.then((worker) => worker.getNotifications())"
        await page.wait_for_function(f"{all_shown}.then((all) => all.length === 1)", timeout=15_000)
        shown = f"{all_shown}.then((all) => all.map((one) => [one.title, one.tag]))"
        assert await page.evaluate(shown) == [["Human feedback needed", "c-1"]]


async def _registration_id(page: Page, session: object) -> str:
    """As the browser's own tools name the service worker's registration."""
    found: list[str] = []
    session.on(  # type: ignore[attr-defined] # a CDP session
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: found.extend(one["registrationId"] for one in event["registrations"] if not one["isDeleted"]),
    )
    await session.send("ServiceWorker.disable")  # type: ignore[attr-defined] # a CDP session
    await session.send("ServiceWorker.enable")  # type: ignore[attr-defined] # a CDP session
    await page.wait_for_timeout(0)
    for _ in range(200):
        if found:
            return found[0]
        await page.wait_for_timeout(50)
    raise AssertionError("the service worker was not registered")


async def test_a_sound_that_was_turned_on_is_heard_once_for_each_customer(desk: Desk) -> None:  # noqa: F811 # the fixture
    context = await desk.context()
    page = await context.new_page()
    await page.goto(f"{desk.url}/notifications")
    await page.get_by_role("button", name="Knock").click()
    await expect(page.locator("html")).to_have_attribute("data-keep-played", "knock")
    await page.goto(f"{desk.url}/inbox/mine")
    await live(page)
    await page.mouse.click(5, 5)
    await expect(page.locator("html")).not_to_have_attribute("data-keep-played", "knock")
    nadia = await desk.shop.talk("Nadia Haddad", minutes=3)
    await desk.shop.says(nadia, "Is the water tank dishwasher safe?", minutes=0)
    await desk.shop.flags(nadia, minutes=-0.1)
    await expect(page.locator("html")).to_have_attribute("data-keep-played", "knock")
    await page.evaluate("delete document.documentElement.dataset.keepPlayed")
    await desk.shop.says(nadia, "Hello?", minutes=-0.2)
    await expect(page.locator(f"#row-{nadia.conversation_id}")).to_contain_text("Hello?")
    await expect(page.locator("html")).not_to_have_attribute("data-keep-played", "knock")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_page_has_no_accessibility_faults(desk: Desk, scheme: str) -> None:  # noqa: F811 # the fixture
    context = await desk.context(axe=True, color_scheme=scheme, viewport={"width": 390, "height": 844})
    page = await context.new_page()
    await page.goto(f"{desk.url}/notifications")
    await page.evaluate(AXE.read_text())
    result = await page.evaluate(f"axe.run(document, {{runOnly: {RULES}}})")
    assert [(violation["id"], violation["nodes"][0]["html"][:120]) for violation in result["violations"]] == []
