"""The door."""

from http.cookies import SimpleCookie

import pytest

from tests.web.conftest import Browser
from tests.web.shop import PASSWORD, Shop


@pytest.fixture(autouse=True)
async def password(shop: Shop) -> None:
    await shop.services.people.set_password(shop.people["maya"].id, PASSWORD)


async def test_strangers_are_sent_to_the_door_and_back(browser: Browser) -> None:
    client = await browser(None)
    turned_away = await client.get("/inbox/all?q=pump")
    assert turned_away.status_code == 303
    assert turned_away.headers["location"] == "/sign-in?next=/inbox/all%3Fq%3Dpump"
    form = {"email": "maya@desk.example", "password": PASSWORD, "next": "/inbox/all?q=pump"}
    entered = await client.post("/sign-in", data=form)
    assert (entered.status_code, entered.headers["location"]) == (303, "/inbox/all?q=pump")
    cookie = SimpleCookie(entered.headers["set-cookie"])["__Host-session"]
    assert (cookie["httponly"], cookie["secure"], cookie["samesite"], cookie["path"]) == (True, True, "lax", "/")


async def test_a_link_elsewhere_leads_home(browser: Browser) -> None:
    client = await browser(None)
    for target in ("https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"):
        entered = await client.post("/sign-in", data={"email": "maya@desk.example", "password": PASSWORD, "next": target})
        assert entered.headers["location"] == "/"
        await client.post("/sign-out")


async def test_wrong_password_says_so_and_keeps_the_email(browser: Browser) -> None:
    client = await browser(None)
    refused = await client.post("/sign-in", data={"email": "maya@desk.example", "password": "wrong wrong wrong"})
    assert refused.status_code == 403
    assert 'role="alert"' in refused.text
    assert 'value="maya@desk.example"' in refused.text
    assert "wrong wrong wrong" not in refused.text


async def test_guessing_is_slowed_down(browser: Browser) -> None:
    client = await browser(None)
    answers = [await client.post("/sign-in", data={"email": "maya@desk.example", "password": f"guess {n}"}) for n in range(12)]
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) > 0


async def test_a_sign_in_link_works_once_and_not_by_being_looked_at(browser: Browser, shop: Shop) -> None:
    token = await shop.services.people.new_sign_in_link(shop.people["dana"].id)
    client = await browser(None)
    for _ in range(2):
        shown = await client.get(f"/sign-in/{token}")
        assert (shown.status_code, "Welcome, Dana Kim" in shown.text) == (200, True)
    entered = await client.post(f"/sign-in/{token}")
    assert entered.headers["location"] == "/"
    assert (await client.get("/inbox/mine")).status_code == 200
    other = await browser(None)
    assert (await other.post(f"/sign-in/{token}")).status_code == 403
    assert "no longer works" in (await other.get(f"/sign-in/{token}")).text


async def test_signing_out_ends_the_session_itself(browser: Browser) -> None:
    client = await browser("maya")
    cookies = dict(client.cookies)
    assert (await client.post("/sign-out")).headers["location"] == "/sign-in"
    client.cookies.update(cookies)
    assert (await client.get("/inbox/mine")).status_code == 303
