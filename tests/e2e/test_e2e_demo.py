"""`./frontdesk demo` on an empty directory: what a newcomer sees in the first minute."""

import os
import re
from collections.abc import AsyncIterator

import httpx2
import pytest
import pytest_asyncio

from tests.e2e.product import Product, product_in, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400), pytest.mark.asyncio(loop_scope="module")]

SECOND_START_SECONDS = 20.0
"""Where every process that wants to run has a core; an idle machine takes a third of it."""
WRITING_SECONDS = 120.0
"""The first customers take less than half a minute."""


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def demo(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Product]:
    """Started on an empty directory, without any private network allowed: the demo allows its own receiver."""
    async with product_in(tmp_path_factory.mktemp("demo"), FRONTDESK_ALLOWED_PRIVATE_NETWORKS="") as product:
        seconds = await product.start("demo")
        print(f"\ndemo: ready after {seconds:.1f} s")
        await until(lambda: shown(product, "Temporal UI"), "the welcome is printed", seconds=90)
        yield product


async def shown(product: Product, label: str) -> str:
    """The address behind a label of the welcome; empty before it is printed."""
    found = re.search(rf"{label} +(http\S+)", product.said())
    return found.group(1) if found else ""


def with_form(url: str) -> httpx2.AsyncClient:
    """A browser's form, as far as the request check asks."""
    return httpx2.AsyncClient(base_url=url, headers={"origin": url, "sec-fetch-site": "same-origin"}, timeout=20)


async def test_welcome_names_every_door_and_each_opens(demo: Product) -> None:
    assert demo.said().splitlines()[0] == f"ready {demo.url}"
    link, chat, engine = [await shown(demo, label) for label in ("Dashboard", "Chat page", "Temporal UI")]
    assert (await demo.http.get(chat)).status_code == 200
    async with with_form(demo.url) as browser:
        for _ in range(2):
            opened = await browser.get(link)
            assert opened.status_code == 200, "opening the link uses nothing up"
        assert "Maya Okafor" in opened.text
        entered = await browser.post(link)
        assert entered.status_code == 303
        inside = await browser.get("/inbox/all")
        assert inside.status_code == 200
        assert "Inbox" in inside.text
    async with with_form(demo.url) as stranger:
        assert (await stranger.post(link)).status_code == 403, "the link works once"
    async with httpx2.AsyncClient(timeout=20) as operator:

        async def answers() -> bool:
            return (await operator.get(engine)).status_code == 200

        await until(answers, "the Temporal UI answers")


async def test_customers_are_answered_and_flagged(demo: Product) -> None:
    key = (await demo.done("apikey", "create", "tests"))["key"]

    async def first(status: str) -> dict[str, str]:
        items = (await demo.api("GET", f"/conversations?status={status}", key)).json()["items"]
        return items[0] if items else {}

    flagged = await until(lambda: first("flagged"), "a conversation is flagged", seconds=WRITING_SECONDS)

    async def answered() -> list[str]:
        """Who got an answer with a source, by channel."""
        found = []
        for talk in (await demo.api("GET", "/conversations", key)).json()["items"]:
            messages = (await demo.api("GET", f"/conversations/{talk['id']}/messages", key)).json()["items"]
            found += [talk["channel"] for message in messages if message["citations"] and message["delivery"] == "sent"]
        return found if {"rest", "webchat"} <= set(found) else []

    await until(answered, "customers of both inboxes are answered", seconds=WRITING_SECONDS)

    engine = await shown(demo, "Temporal UI")
    async with httpx2.AsyncClient(base_url=engine, timeout=20) as operator:

        async def listed() -> list[str]:
            answer = await operator.get("/api/v1/namespaces/default/workflows", params={"query": 'FrontdeskStatus="flagged"'})
            return [run["execution"]["workflowId"] for run in answer.json().get("executions", ()) if answer.is_success]

        workflows = await until(listed, "the Temporal UI lists the flagged conversations")
    assert flagged["workflow_id"] in workflows
    detail = (await demo.api("GET", f"/conversations/{flagged['id']}", key)).json()
    assert detail["temporal_url"].startswith(f"{engine}/namespaces/default/workflows/")
    people = await demo.done("manager", "list")
    assert len(people) == 2


async def test_second_start_is_quick_and_changes_nothing(demo: Product) -> None:
    key = (await demo.done("apikey", "create", "second"))["key"]
    before = (await demo.api("GET", "/conversations", key)).json()["items"]
    engine, old_link = await shown(demo, "Temporal UI"), await shown(demo, "Dashboard")
    assert await demo.stop() == 0
    assert demo.pids() == {}

    seconds = await demo.start("demo")
    print(f"\ndemo: second start ready after {seconds:.1f} s")
    assert seconds < SECOND_START_SECONDS * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
    await until(lambda: shown(demo, "Temporal UI"), "the welcome is printed")
    assert await shown(demo, "Temporal UI") == engine, "bookmarks stay good"
    assert await shown(demo, "Dashboard") != old_link
    after = (await demo.api("GET", "/conversations", key)).json()["items"]
    assert {item["id"] for item in before} <= {item["id"] for item in after}
    assert len(await demo.done("manager", "list")) == 2
    assert set(demo.pids()) == {"temporal", "worker", "api", "customers"}
