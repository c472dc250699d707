"""`./frontdesk up` as an operator meets it: starts, refuses, heals, stops, and is found again as it was."""

import os
import signal
import socket
from pathlib import Path

import httpx2
import pytest
import pytest_asyncio

from tests.e2e.product import SHOP_PDF, START_SECONDS, Product, processes_of, product_in, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300), pytest.mark.asyncio(loop_scope="module")]

RESTART_SECONDS = 20.0
"""Where every process that wants to run has a core; an idle machine takes a third of it."""


@pytest_asyncio.fixture(loop_scope="module")
async def up(product: Product) -> Product:
    """Running, whatever the test before did to it."""
    if not product.pids():
        await product.start()
    return product


async def nothing_left(product: Product) -> bool:
    return not processes_of(product.data_dir)


async def test_up_says_one_line_and_answers(up: Product) -> None:
    assert up.said() == f"ready {up.url}\n"
    assert (await up.http.get("/healthz")).status_code == 200
    ready = await up.http.get("/readyz")
    assert ready.json() == {"ready": True, "database": True, "temporal": True, "worker": True}
    assert set(up.pids()) == {"temporal", "worker", "api"}
    assert (up.data_dir / "port").read_text() == str(up.port), "other commands' links lead here"


async def test_what_customers_wrote_is_for_nobody_else_on_the_machine(up: Product) -> None:
    files = [path for path in up.data_dir.rglob("*") if path.is_file()]
    assert {"frontdesk.db", "temporal.db", "secret.key", "api.log"} <= {path.name for path in files}
    assert [path.name for path in files if path.stat().st_mode & 0o077] == []


async def test_second_instance_on_the_same_data_is_refused(up: Product) -> None:
    second = await up.cli("up")
    assert second.code == 1
    assert second.out == ""
    assert f"already running on {up.data_dir}" in second.err
    assert "Traceback" not in second.err
    assert (await up.http.get("/readyz")).status_code == 200


async def test_taken_port_is_said_at_once(up: Product, tmp_path: Path) -> None:
    async with product_in(tmp_path / "other", FRONTDESK_PORT=str(up.port)) as other:
        ran = await other.cli("up")
        assert ran.code == 1
        assert f"Port {up.port}" in ran.err
        assert "ready" not in ran.out
        assert not processes_of(other.data_dir)


@pytest.mark.parametrize("role", ["worker", "api", "temporal"])
async def test_killed_child_is_replaced(up: Product, role: str) -> None:
    before = up.pids()
    started = len(up.worker_starts())
    await up.healed(role, await up.kill(role))
    if role == "worker":

        async def works() -> bool:
            return len(up.worker_starts()) > started

        await until(works, "the new worker works", seconds=START_SECONDS)
    after = up.pids()
    assert {name for name in before if before[name] != after[name]} == {role}
    assert f'"child": "{role}"' in up.complained()


async def test_commands_print_nothing_but_their_json(up: Product) -> None:
    added = await up.done("manager", "add", "ana@shop.example", "--name", "Ana", "--role", "owner")
    assert added["sign_in_link"].startswith(f"{up.url}/sign-in/")
    inbox = await up.done("inbox", "add", "rest", "--name", "Shop", "--id", "shop", "--set", "callback_url=http://127.0.0.1:9/x")
    assert inbox["webhook_url"] == f"{up.url}/webhooks/rest/shop"
    assert inbox["generated"]["secret"]
    changed = await up.done("inbox", "set", "shop", "quiet_window_seconds=0.05")
    assert changed["policy"]["quiet_window_seconds"] == 0.05
    key = (await up.done("apikey", "create", "tests"))["key"]
    assert (await up.api("GET", "/inboxes", key)).json()["items"][0]["id"] == "shop"
    (document,) = await up.done("knowledge", "import", str(SHOP_PDF), "--wait")
    assert (document["state"], document["name"]) == ("ready", "shop.pdf")
    answer = await up.done("knowledge", "ask", "How long does shipping to Chile take?")
    assert answer["answered"]
    assert answer["passages"][0]["document"] == "shop.pdf"

    async def same() -> bool:
        asked = await up.api("POST", "/ask", key, json={"question": "How long does shipping to Chile take?"})
        return bool(asked.json()["text"] == answer["text"])

    await until(same, "the service answers as the command does")


async def test_exit_status_says_who_can_mend_it(up: Product, tmp_path: Path) -> None:
    missing = await up.cli("knowledge", "remove", "no-such-document")
    assert (missing.code, "Traceback" in missing.err) == (1, False)
    misused = await up.cli("inbox", "add", "pigeon", "--name", "Loft")
    assert (misused.code, misused.out) == (2, "")
    assert "webchat" in misused.err, "it says what there is"
    unknown = await up.cli("inbox", "set", "shop", "wings=2")
    assert (unknown.code, "wings" in unknown.err) == (2, True)
    failing = await up.cli("inbox", "test", "shop", "--json")
    assert (failing.code, failing.data["works"]) == (1, False)
    async with product_in(
        tmp_path / "away", FRONTDESK_DATABASE_URL="postgresql+asyncpg://nobody@127.0.0.1:9/x", FRONTDESK_SECRET_KEY="k"
    ) as away:
        unreachable = await away.cli("manager", "list")
    assert (unreachable.code, unreachable.err.count("\n")) == (1, 1)
    assert "database can't be opened" in unreachable.err
    scrap = tmp_path / "scrap.pdf"
    scrap.write_bytes(b"%PDF-1.7 nothing follows")
    damaged = await up.cli("knowledge", "import", str(scrap), "--wait", "--json")
    assert damaged.code == 1
    assert damaged.data[0]["error"]


async def test_ctrl_c_leaves_nothing_behind_and_a_restart_finds_everything(up: Product) -> None:
    async with up.http.stream("GET", "/healthz"):
        assert await up.stop(signal.SIGINT) == 0
    assert await nothing_left(up)
    assert "Traceback" not in up.complained()
    with socket.create_server(("127.0.0.1", up.port)):
        pass

    key = (await up.done("apikey", "create", "while stopped"))["key"]
    assert [inbox["id"] for inbox in await up.done("inbox", "list")] == ["shop"]
    assert [person["email"] for person in await up.done("manager", "list")] == ["ana@shop.example"]
    assert (await up.done("knowledge", "ask", "How long does shipping to Chile take?"))["answered"]

    seconds = await up.start()
    print(f"\nrestart: ready after {seconds:.1f} s")
    assert seconds < RESTART_SECONDS * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
    documents = (await up.api("GET", "/documents", key)).json()["items"]
    assert "shop.pdf" in {document["name"] for document in documents}
    assert (await up.api("GET", "/inboxes", key)).json()["items"][0]["id"] == "shop"


async def test_children_die_with_a_killed_parent(up: Product) -> None:
    os.kill(up.pid, signal.SIGKILL)
    assert await up.ended() == -signal.SIGKILL

    async def gone() -> bool:
        return await nothing_left(up)

    await until(gone, "no process is left", seconds=5)
    with pytest.raises(httpx2.TransportError):
        await up.http.get("/healthz")


async def test_sigterm_while_starting_stops_what_has_started(product: Product) -> None:
    await product.launch()

    async def begun() -> bool:
        return "temporal" in product.pids()

    await until(begun, "the first child runs", seconds=60)
    assert await product.stop(signal.SIGTERM) == 0
    assert await nothing_left(product)
    assert product.said() == ""
