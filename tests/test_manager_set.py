"""`./frontdesk manager set`: what a person is offered, from the command line."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

LAUNCHER = Path(__file__).parents[1] / "frontdesk"


def frontdesk(data: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A process of its own: the command line decides where a process logs, for as long as that lives."""
    environment = {"PATH": "/usr/bin:/bin"}
    return subprocess.run([LAUNCHER, *words, "--data", str(data)], capture_output=True, text=True, env=environment, check=False)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    added = frontdesk(tmp_path, "manager", "add", "ana@shop.example", "--name", "Ana")
    assert added.returncode == 0, added.stderr
    assert frontdesk(tmp_path, "inbox", "add", "rest", "--name", "Shop", "--set", "callback_url=https://shop.example/r").returncode == 0
    return tmp_path


def test_everything_can_be_set_and_taken_back(data: Path) -> None:
    words = ["--languages", "es,pt-BR", "--inboxes", "shop", "--capacity", "3", "--hours", "UTC; mon 09:00-17:00", "--availability", "busy"]
    done = frontdesk(data, "manager", "set", "ana@shop.example", *words, "--json")
    assert done.returncode == 0, done.stderr
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
    assert frontdesk(data, "manager", "set", *words).returncode != 0
