"""Signing in: what the cookie may do, who is let in, and where everybody else is sent."""

import httpx2
import pytest
from fastapi import FastAPI

from api.app import build_app
from domain.managers import Manager, Role
from tests.api.conftest import PUBLIC_URL, browser, with_services
from web.security import safe_next
from web.services import Services

OWN = {"sec-fetch-site": "same-origin"}
PASSWORD = "correct horse battery"


@pytest.fixture
async def ana(services: Services) -> Manager:
    return await services.people.add("ana@desk.example", "Ana", Role.MANAGER, password=PASSWORD)


async def enter(client: httpx2.AsyncClient, password: str = PASSWORD, **fields: str) -> httpx2.Response:
    return await client.post("/sign-in", data={"email": "ana@desk.example", "password": password} | fields, headers=OWN)


async def test_a_password_opens_a_session_whose_cookie_stays_with_the_browser(client: httpx2.AsyncClient, ana: Manager) -> None:
    answer = await enter(client, next="/inbox/mine")
    assert (answer.status_code, answer.headers["location"]) == (303, "/inbox/mine")
    (cookie,) = answer.headers.get_list("set-cookie")
    assert cookie.startswith("__Host-session=")
    attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert {"httponly", "secure", "samesite=lax", "path=/"} <= attributes
    assert not any(attribute.startswith("domain") for attribute in attributes)
    assert (await client.get("/inbox/mine", headers={"accept": "text/html"})).status_code == 200


async def test_over_plain_http_the_cookie_works_too(services: Services, ana: Manager) -> None:
    app = build_app(with_services(services, public_url="http://127.0.0.1:8000"))
    async with browser(app) as client:
        cookie = (await enter(client)).headers["set-cookie"]
    assert cookie.startswith("session=")
    assert "secure" not in cookie.lower()
    assert "httponly" in cookie.lower()


async def test_signing_out_ends_the_session_for_every_copy_of_the_cookie(client: httpx2.AsyncClient, app: FastAPI, ana: Manager) -> None:
    await enter(client)
    (token,) = client.cookies.values()
    answer = await client.post("/sign-out", headers=OWN)
    assert answer.status_code == 303
    assert not client.cookies
    async with browser(app, cookie=f"__Host-session={token}") as thief:
        assert (await thief.get("/inbox", headers={"accept": "text/html"})).headers["location"].startswith("/sign-in")


async def test_signing_in_again_ends_the_session_before(client: httpx2.AsyncClient, app: FastAPI, ana: Manager, services: Services) -> None:
    await enter(client)
    (first,) = client.cookies.values()
    await enter(client)
    assert await services.people.session(first) is None


async def test_wrong_passwords_are_refused_and_then_throttled_even_if_right(client: httpx2.AsyncClient, ana: Manager) -> None:
    answer = await enter(client, "wrong")
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    for _ in range(30):
        if (answer := await enter(client, "wrong")).status_code == 429:
            break
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    assert (await enter(client)).status_code == 429


async def test_signing_in_from_another_site_is_refused(client: httpx2.AsyncClient, ana: Manager) -> None:
    data = {"email": "ana@desk.example", "password": PASSWORD}
    answer = await client.post("/sign-in", data=data, headers={"sec-fetch-site": "cross-site", "origin": "https://evil.example"})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


async def test_a_link_signs_in_once_and_only_by_its_button(client: httpx2.AsyncClient, ana: Manager, services: Services) -> None:
    token = await services.people.new_sign_in_link(ana.id)
    for _ in range(2):
        page = await client.get(f"/sign-in/{token}")
        assert page.status_code == 200
        assert "set-cookie" not in page.headers
    assert (await client.post(f"/sign-in/{token}", headers=OWN)).status_code == 303
    client.cookies.clear()
    assert (await client.post(f"/sign-in/{token}", headers=OWN)).status_code == 403


async def test_a_sign_in_link_is_not_written_to_the_log(
    client: httpx2.AsyncClient, ana: Manager, services: Services, logged: list[dict[str, object]]
) -> None:
    token = await services.people.new_sign_in_link(ana.id)
    await client.post(f"/sign-in/{token}", headers=OWN)
    assert any(line.get("route") == "/sign-in/{token}" for line in logged)
    assert token not in str(logged)


@pytest.mark.parametrize(
    ("headers", "location"),
    [
        ({"accept": "text/html"}, "/sign-in?next=/inbox/all%3Fq%3Da%26order%3Doldest"),
        ({"sec-fetch-mode": "navigate", "accept": "*/*"}, "/sign-in?next=/inbox/all%3Fq%3Da%26order%3Doldest"),
    ],
)
async def test_a_page_opened_without_a_session_leads_to_the_door_and_back(
    client: httpx2.AsyncClient, ana: Manager, headers: dict[str, str], location: str
) -> None:
    answer = await client.get("/inbox/all?q=a&order=oldest", headers=headers)
    assert (answer.status_code, answer.headers["location"]) == (303, location)
    door = await client.get(location)
    assert door.status_code == 200
    assert "/inbox/all?q=a&amp;order=oldest" in door.text


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/events", {"accept": "text/event-stream"}),
        ("/inbox/all", {"accept": "text/html", "hx-request": "true"}),
        ("/inbox/all", {"accept": "text/html", "sec-fetch-mode": "cors"}),
        ("/inbox/all", {}),
    ],
)
async def test_scripts_and_streams_without_a_session_are_told_so(client: httpx2.AsyncClient, path: str, headers: dict[str, str]) -> None:
    answer = await client.get(path, headers=headers)
    assert answer.status_code == 401
    assert "location" not in answer.headers


async def test_a_form_without_a_session_leads_to_the_door_and_home(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/conversations/c-1/take", headers=OWN | {"accept": "text/html"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")


async def test_a_viewer_s_session_can_t_act(client: httpx2.AsyncClient, services: Services) -> None:
    viewer = await services.people.add("vera@desk.example", "Vera", Role.VIEWER)
    client.cookies.set("__Host-session", await services.people.open_session(viewer.id))
    answer = await client.post("/conversations/c-1/take", headers=OWN)
    assert answer.status_code == 403
    assert "role" in answer.json()["detail"]


@pytest.mark.parametrize(
    "target",
    ["https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "javascript:x", "", None, "/\n/evil", "/\tx"],
)
def test_no_link_leads_a_browser_to_another_site(target: str | None) -> None:
    assert safe_next(target) == "/"


@pytest.mark.parametrize("target", ["/", "/inbox/all?q=a&order=oldest", "/a//b", "/knowledge#top"])
def test_a_path_on_this_site_is_kept(target: str) -> None:
    assert safe_next(target) == target


async def test_an_outside_next_is_dropped_on_the_way_in(client: httpx2.AsyncClient, ana: Manager) -> None:
    assert (await enter(client, next="//evil.example")).headers["location"] == "/"
    assert PUBLIC_URL not in (await client.get("/sign-in?next=//evil.example")).headers["location"]
