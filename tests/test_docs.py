"""The documentation names everything that exists, and nothing that does not."""

import asyncio
import os
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from api import ask, breaches, bulk, contacts, conversations, documents, inboxes, team
from api.actions import actions_router
from api.metrics import Metrics
from channels.registry import FEATURES
from channels.standard_webhooks import verify
from cli import app
from domain.channels import ChannelKind
from domain.commands import RefusedBecause
from domain.conversations import HandOffReason, Section, Status
from domain.messages import DeliveryState
from domain.policy import Policy
from gateway import RETENTION
from running import SEARCH_ATTRIBUTES
from scripts.channel_table import table as channel_table
from scripts.channel_table import with_table
from settings import Settings
from tests.vendors.serving import serving
from workflows.conversation import Conversation

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), ROOT / "README.md", ROOT / "CHANGELOG.md"])
ROW = re.compile(r"^\| `(?P<name>[^`]+)` \| (?P<second>[^|]+?) \|", re.MULTILINE)


def read(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def section(text: str, heading: str) -> str:
    """What stands under a heading, up to the next one of its rank or a higher one."""
    marks = heading.split(" ", maxsplit=1)[0]
    after = text.split(f"\n{heading}\n", 1)[1]
    return re.split(rf"^#{{1,{len(marks)}}} ", after, maxsplit=1, flags=re.MULTILINE)[0]


def table(text: str) -> dict[str, str]:
    """First column to second, of rows that begin with a name in code."""
    return {match["name"]: match["second"].strip().strip("`") for match in ROW.finditer(text)}


# Settings


def test_every_setting_is_documented_with_its_default() -> None:
    rows = table(section(read("configuration.md"), "## Environment"))
    expected = {}
    for name, field in Settings.model_fields.items():
        default = field.default
        shown = "unset" if default is None else "none" if default == () else str(default)
        expected[f"FRONTDESK_{name.upper()}"] = shown
    written = {name: default for name, default in rows.items() if name.startswith("FRONTDESK_")}
    assert written == expected


def test_the_example_environment_names_every_setting_once() -> None:
    names = re.findall(r"^(FRONTDESK_[A-Z_]+)=", (ROOT / ".env.example").read_text(), flags=re.MULTILINE)
    assert sorted(names) == sorted(f"FRONTDESK_{name.upper()}" for name in Settings.model_fields)


def test_no_page_names_a_setting_that_does_not_exist() -> None:
    known = {f"FRONTDESK_{name.upper()}" for name in Settings.model_fields}
    for page in PAGES:
        for name in re.findall(r"FRONTDESK_[A-Z_]*[A-Z]", page.read_text(encoding="utf-8")):
            assert name in known or name == "FRONTDESK_TEMPORAL_TLS", f"{page.name}: {name}"


def test_every_policy_name_is_documented_with_its_default() -> None:
    policy = Policy()
    rows = table(section(read("configuration.md"), "### Policy"))
    lines = {name: rows.pop(name) for name in Policy.model_fields if name.endswith("_line")}
    assert lines == {name: getattr(policy, name) for name in lines}
    expected = {}
    for name, value in policy:
        if name == "lines":
            continue
        match value:
            case str():
                shown = value or "empty"
            case None:
                shown = "none"
            case bool():
                shown = str(value).lower()
            case None:
                shown = "none"
            case tuple():
                shown = ", ".join(value) or "none"
            case _:
                shown = str(value)
        expected[name] = shown
    assert rows == {name: shown for name, shown in expected.items() if name not in lines}


# Conversations


def signal_names() -> set[str]:
    definition: Any = Conversation.__temporal_workflow_definition  # type: ignore[attr-defined] # set by the SDK's decorator
    return set(definition.signals)


def test_every_signal_is_documented_with_its_model() -> None:
    rows = table(section(read("architecture.md"), "## The conversation workflow"))
    assert signal_names() <= set(rows)
    for name in signal_names():
        accepted = [kind.__name__ for kind in Conversation.__dict__[name].__annotations__.values() if kind is not None]
        assert [rows[name]] == accepted


def test_every_activity_that_a_conversation_calls_is_documented() -> None:
    source = (ROOT / "workflows/conversation.py").read_text()
    called = set(re.findall(r"\b\w+Activities\.(\w+)", source))
    assert called <= set(table(section(read("architecture.md"), "## The conversation workflow")))


def test_every_refusal_is_documented() -> None:
    reasons = {value for name, value in vars(RefusedBecause).items() if name.isupper()}
    assert reasons <= set(table(section(read("architecture.md"), "### Verbs and verdicts")))


@pytest.mark.parametrize(
    ("heading", "words"),
    [("## Status", Status), ("## Hand-off reasons", HandOffReason), ("## Delivery states", DeliveryState)],
)
def test_the_glossary_has_each_word_once_and_no_other(heading: str, words: Any) -> None:
    found = re.findall(r"^\| `(\w+)` \|", section(read("glossary.md"), heading), flags=re.MULTILINE)
    assert found == [word.value for word in words]


def test_the_glossary_names_the_sections() -> None:
    assert all(f"*{name.value.capitalize()}*" in read("glossary.md") for name in Section)


def test_every_search_attribute_is_documented_with_its_type() -> None:
    rows = table(section(read("operations.md"), "## Watching"))
    assert {name: kind for name, kind in rows.items() if name.startswith("Frontdesk")} == SEARCH_ATTRIBUTES


def test_the_retention_is_documented_as_it_is() -> None:
    assert f"{RETENTION.days} days" in read("operations.md")


# Channels


def test_every_channel_that_is_built_has_a_page_and_no_other_has() -> None:
    assert {page.stem for page in (DOCS / "channels").glob("*.md")} == {kind.value for kind in FEATURES}


def test_the_table_of_channels_is_the_codes_own() -> None:
    assert with_table(read("channels.md"), channel_table(FEATURES)) == read("channels.md"), "run: python -m scripts.channel_table"


@pytest.mark.parametrize("kind", list(FEATURES))
def test_a_channels_page_says_what_the_channel_can(kind: ChannelKind) -> None:
    features, page = FEATURES[kind], read(f"channels/{kind.value}.md")
    facts = dict(re.findall(r"^\| (kind|settings|attachments|quick replies) \| (.+) \|$", page, flags=re.MULTILINE))
    assert facts["kind"] == f"`{kind.value}`"
    assert re.findall(r"`(\w+)`", facts["settings"]) == list(features.settings)
    assert (facts["attachments"].startswith("in"), "out" in facts["attachments"]) == (features.attachments_in, features.attachments_out)
    assert ("out" in facts.get("quick replies", "")) == features.quick_replies


def test_every_channel_setting_is_documented_with_its_secrecy() -> None:
    part = section(read("configuration.md"), "### Channel settings")
    rows = re.findall(r"^\| `(\w+)` \| `(\w+)` \| (yes|no) \|", part, flags=re.MULTILINE)
    expected = []
    for kind, features in FEATURES.items():
        expected += [(kind.value, name, "yes" if name in features.secret_settings else "no") for name in features.settings]
    assert rows == expected


# Commands


def commands() -> Iterator[tuple[str, Any]]:
    group: Any = typer.main.get_group(app)
    for name, command in group.commands.items():
        inner = getattr(command, "commands", None)
        if inner is None:
            yield name, command
        else:
            yield from ((f"{name} {inner_name}", inner_command) for inner_name, inner_command in inner.items())


def test_every_command_is_documented_with_its_options_and_no_other_is() -> None:
    part = section(read("commands.md"), "## Command line")
    rows = {
        match["words"]: match[0] for match in re.finditer(r"^\| `(?P<words>[a-z ]+?)(?: [A-Z\[][^`]*)?` \|.*$", part, flags=re.MULTILINE)
    }
    assert set(rows) == {name for name, _ in commands()}
    for name, command in commands():
        for parameter in command.params:
            options = [option for option in parameter.opts if option.startswith("--") and option not in ("--help", "--data", "--json")]
            assert all(f"`{option}" in rows[name] for option in options), f"{name}: {options}"


def test_no_page_shows_a_command_that_does_not_exist() -> None:
    known = {name for name, _ in commands()}
    for page in PAGES:
        for words in re.findall(r"\./frontdesk ([a-z]+(?: [a-z]+)?)", page.read_text(encoding="utf-8")):
            assert words in known or words.split()[0] in known, f"{page.name}: {words}"


def test_every_make_target_is_documented_and_no_other_is() -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):.*## ", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    rows = table(section(read("commands.md"), "## Make"))
    assert {name.removeprefix("make ") for name in rows} == targets


# The API


def test_every_route_is_documented_and_no_other_is() -> None:
    routers: list[APIRouter] = [
        conversations.router,
        conversations.files,
        breaches.router,
        bulk.router,
        actions_router(Metrics()),
        inboxes.router,
        documents.router,
        contacts.router,
        ask.router,
        team.router,
    ]
    existing = set()
    for router in routers:
        for route in router.routes:
            if isinstance(route, APIRoute):
                existing |= {f"{method} /api/v1{route.path.removeprefix('/api/v1')}" for method in route.methods or ()}
    rows = {name for name in table(section(read("api.md"), "## Routes")) if " /" in name}
    assert rows == existing


# The pages themselves


def anchors(page: Path) -> set[str]:
    """As GitHub makes them from headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith(("https://", "http://")):
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), target
        assert not anchor or anchor in anchors(linked), target


def test_every_page_can_be_reached_from_the_index() -> None:
    reached, waiting = set(), [DOCS / "index.md"]
    while waiting:
        page = waiting.pop()
        if page in reached or page.suffix != ".md":
            continue
        reached.add(page)
        links = re.findall(r"\]\(([^)\s#]+)", page.read_text(encoding="utf-8"))
        waiting += [(page.parent / link).resolve() for link in links if "://" not in link]
    assert set(DOCS.rglob("*.md")) <= reached


def test_every_decision_is_listed_with_its_title_and_has_its_four_parts() -> None:
    listing = read("adr/README.md")
    for record in sorted((DOCS / "adr").glob("0*.md")):
        text = record.read_text(encoding="utf-8")
        number, title = text.splitlines()[0].removeprefix("# ").split(" ", 1)
        assert f"| [{number}]({record.name}) | {title} |" in listing
        assert re.search(r"^Status: (accepted|superseded by \d{4}), \d{4}-\d\d-\d\d$", text, flags=re.MULTILINE)
        assert re.findall(r"^## (.+)$", text, flags=re.MULTILINE) == ["Context", "Decision", "Consequences"]


def test_top_level_python_files_and_packages_have_their_place_in_the_readme() -> None:
    readme = section((ROOT / "README.md").read_text(encoding="utf-8"), "## Where things are")
    packages = [path.parent.name for path in ROOT.glob("*/__init__.py")]
    assert [name for name in packages if f"`{name}/`" not in readme] == []
    modules = [path.name for path in ROOT.glob("*.py")]
    architecture = section(read("architecture.md"), "## Packages")
    assert [name for name in modules if f"`{name}`" not in readme + architecture] == []


# The README's example


async def test_the_readmes_signed_request_is_accepted() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    script = next(block for block in re.findall(r"```sh\n(.*?)```", readme, flags=re.DOTALL) if "openssl" in block)
    secret = "a-Secret_of-the-kind-that-is-made"
    received: list[Any] = []

    async def door(request: Request) -> Response:
        body = await request.body()
        verify(secret, request.headers, body, now=time.time())
        received.append(await request.json())
        return JSONResponse({"duplicate": False}, 202)

    async with serving(Starlette(routes=[Route("/webhooks/rest/my-system", door, methods=["POST"])])) as url:
        done = await asyncio.to_thread(
            subprocess.run,
            ["sh", "-eu"],
            input=script,
            env={"PATH": os.environ["PATH"], "SECRET": secret, "FRONTDESK": url},
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    assert done.stdout == '{"duplicate":false}', done.stderr
    assert received[0]["contact"]["name"] == "Ana"
