"""Channels, team, and what holds for every page."""

import re

import pytest

from domain.managers import Role
from tests.web.conftest import Browser
from tests.web.shop import Shop, furnish

PAGES = ["/inbox/all", "/inbox/bot", "/inbox/mine", "/knowledge", "/team", "/channels"]


@pytest.mark.parametrize("path", [*PAGES, "/sign-in", "/no-such-page"])
async def test_no_page_needs_inline_code(browser: Browser, path: str) -> None:
    client = await browser(None if path == "/sign-in" else "maya")
    page = await client.get(path)
    policy = page.headers["content-security-policy"]
    assert "unsafe-inline" not in policy
    assert "default-src 'self'" in policy
    assert not re.search(r"\sstyle\s*=|\son\w+\s*=|<style|javascript:|hx-on", page.text)
    assert re.findall(r"<script(?![^>]*\ssrc=)", page.text) == []


async def test_a_thread_needs_no_inline_code_either(browser: Browser, shop: Shop) -> None:
    talks = await furnish(shop)
    page = await (await browser("maya")).get(f"/inbox/mine/{talks['priya'].conversation_id}")
    assert not re.search(r"\sstyle\s*=|\son\w+\s*=|<style|javascript:|hx-on", page.text)


@pytest.mark.parametrize("path", PAGES)
async def test_every_page_has_one_heading_and_ids_once(browser: Browser, shop: Shop, path: str) -> None:
    await furnish(shop)
    page = (await (await browser("maya")).get(path)).text
    assert len(re.findall(r"<h1", page)) == 1
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


async def test_errors_are_pages_with_a_way_on(browser: Browser) -> None:
    page = await (await browser("maya")).get("/inbox/mine/nothing")
    assert page.status_code == 404
    assert "To the inbox" in page.text


async def test_a_new_person_gets_a_link_that_works(browser: Browser, shop: Shop) -> None:
    client = await browser("ana")
    page = await client.post("/team", data={"name": "Noor Aziz", "email": "noor@desk.example", "role": "manager"})
    link = re.findall(r"https://desk\.example(/sign-in/[\w.-]+)", page.text)[0]
    assert "Welcome, Noor Aziz" in (await (await browser(None)).get(link)).text


async def test_nobody_climbs_above_their_own_role(browser: Browser, shop: Shop) -> None:
    admin = await browser("ana")
    refused = await admin.post("/team", data={"name": "X", "email": "x@desk.example", "role": Role.OWNER.value})
    assert refused.status_code == 403
    assert (await admin.post(f"/team/{shop.people['maya'].id}/link")).status_code == 403
    manager = await browser("dana")
    assert (await manager.post("/team", data={"name": "X", "email": "x@desk.example", "role": "viewer"})).status_code == 403
    assert (await manager.post(f"/team/{shop.people['luis'].id}/link")).status_code == 403


async def test_forms_of_other_sites_are_refused(browser: Browser, shop: Shop) -> None:
    talks = await furnish(shop)
    client = await browser("maya")
    answer = await client.post(f"/conversations/{talks['priya'].conversation_id}/take", headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403
    assert shop.engine.verbs == []
