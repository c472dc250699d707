"""`./frontdesk manager set`: what a person is offered, from the command line."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli import app

runner = CliRunner()


def frontdesk(data: Path, *words: str) -> Result:
    return runner.invoke(app, [*words, "--data", str(data)])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    added = frontdesk(tmp_path, "manager", "add", "ana@shop.example", "--name", "Ana")
    assert added.exit_code == 0, added.output
    assert frontdesk(tmp_path, "inbox", "add", "rest", "--name", "Shop", "--set", "callback_url=https://shop.example/r").exit_code == 0
    return tmp_path


def test_everything_can_be_set_and_taken_back(data: Path) -> None:
    words = ["--languages", "es,pt-BR", "--inboxes", "shop", "--capacity", "3", "--hours", "UTC; mon 09:00-17:00", "--availability", "busy"]
    done = frontdesk(data, "manager", "set", "ana@shop.example", *words, "--json")
    assert done.exit_code == 0, done.output
    person: dict[str, Any] = json.loads(done.stdout)
    assert (person["languages"], person["inboxes"], person["capacity"]) == (["es", "pt"], ["shop"], 3)
    assert (person["hours"], person["availability"], person["seen_at"]) == ("UTC; mon 09:00-17:00", "busy", None)
    cleared = frontdesk(data, "manager", "set", "ana@shop.example", "--languages", "", "--hours", "", "--json")
    person = json.loads(cleared.stdout)
    assert (person["languages"], person["inboxes"], person["hours"], person["capacity"]) == ([], ["shop"], "", 3)


@pytest.mark.parametrize(
    "words",
    [["nobody@shop.example"], ["ana@shop.example", "--availability", "asleep"], ["ana@shop.example", "--hours", "nine to five"]],
)
def test_what_cannot_be_set_fails(data: Path, words: list[str]) -> None:
    assert frontdesk(data, "manager", "set", *words).exit_code != 0
