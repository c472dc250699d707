"""No container engine runs in the tests: what a program can know of the deployment files without one is checked here."""

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import typer.main
import yaml

from cli import app
from notifications.mail import MailNotifier
from settings import Settings

ROOT = Path(__file__).parents[2]
SCHEMA = Path(__file__).with_name("compose-spec.json")
OURS = ("api", "worker", "migrate")
OPERATOR = {
    "POSTGRES_PASSWORD": "0123456789abcdef",
    "FRONTDESK_SECRET_KEY": "a-secret-key-for-this-test-alone",
    "FRONTDESK_PUBLIC_URL": "https://desk.example",
}
"""What an operator has to set, and nothing more."""

_VARIABLE = re.compile(r"\$\{(?P<name>[A-Z_]+)(?::(?P<kind>[-?])(?P<word>[^}]*))?\}")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return loaded


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    loaded: dict[str, dict[str, Any]] = compose["services"]
    return loaded


def strings(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for key, item in value.items():
                yield from strings(key)
                yield from strings(item)
        case list():
            for item in value:
                yield from strings(item)
        case _:
            pass


def interpolated(text: str, environment: Mapping[str, str]) -> str:
    """Compose's own rules for `${NAME}`, `${NAME:-default}` and `${NAME:?error}`."""

    def replace(match: re.Match[str]) -> str:
        if value := environment.get(match["name"]):
            return value
        if match["kind"] == "?":
            raise KeyError(match["name"])
        return match["word"] or ""

    return _VARIABLE.sub(replace, text)


def environment_of(service: Mapping[str, Any], operator: Mapping[str, str]) -> dict[str, str]:
    return {name: interpolated(value, operator) for name, value in service["environment"].items()}


def test_the_file_follows_the_compose_specification(compose: dict[str, Any]) -> None:
    schema = json.loads(SCHEMA.read_text())
    validator = jsonschema.validators.validator_for(schema)
    assert [f"{error.json_path}: {error.message}" for error in validator(schema).iter_errors(compose)] == []


def test_our_commands_are_commands_of_the_command_line(services: dict[str, dict[str, Any]]) -> None:
    group = typer.main.get_group(app)
    for name in OURS:
        command: Any = group
        for word in services[name]["command"]:
            command = command.commands[word]
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert 'ENTRYPOINT ["./frontdesk"]' in dockerfile
    assert (ROOT / "frontdesk").exists()
    assert 'CMD ["api"]' in dockerfile


def test_every_setting_that_is_passed_on_exists(compose: dict[str, Any]) -> None:
    known = {f"FRONTDESK_{name.upper()}" for name in Settings.model_fields}
    written = " ".join(strings(compose)) + (ROOT / "Dockerfile").read_text()
    assert set(re.findall(r"FRONTDESK_[A-Z_]*[A-Z]", written)) - known == set()


@pytest.mark.parametrize("name", OURS)
def test_the_product_accepts_the_environment_that_an_operator_ends_up_with(
    services: dict[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for variable, value in environment_of(services[name], OPERATOR).items():
        monkeypatch.setenv(variable, value)
    settings = Settings()
    assert settings.database == "postgresql+asyncpg://frontdesk:0123456789abcdef@postgresql:5432/frontdesk"
    assert settings.temporal_address == "temporal:7233"
    assert settings.base_url == OPERATOR["FRONTDESK_PUBLIC_URL"]
    assert settings.key() == OPERATOR["FRONTDESK_SECRET_KEY"]
    assert settings.smtp_url is not None
    assert settings.mail_from is not None
    MailNotifier(settings.smtp_url.get_secret_value(), settings.mail_from, base_url=settings.base_url)


@pytest.mark.parametrize("missing", list(OPERATOR))
def test_a_secret_that_is_not_set_stops_compose_with_its_name(services: dict[str, dict[str, Any]], missing: str) -> None:
    operator = {name: value for name, value in OPERATOR.items() if name != missing}
    with pytest.raises(KeyError, match=missing):
        environment_of(services["api"], operator)


def test_no_password_has_a_default(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        environment = service.get("environment", {})
        for variable, value in environment.items():
            if re.search(r"PASSWORD|PWD|SECRET|TOKEN|API_KEY", variable):
                assert re.fullmatch(r"\$\{[A-Z_]+:\?.+\}", value), f"{name}: {variable}"
    settings = [line for line in (ROOT / ".env.example").read_text().splitlines() if "=" in line and not line.startswith("#")]
    assert [line for line in settings if not line.endswith("=")] == []


def test_every_image_is_pinned_to_a_version(services: dict[str, dict[str, Any]]) -> None:
    images = [service["image"] for service in services.values()]
    images += re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    for image in images:
        assert re.search(r":v?\d+\.\d+", image), image


def test_one_temporal_version_serves_and_migrates(services: dict[str, dict[str, Any]]) -> None:
    versions = {
        service["image"].split(":")[1] for service in services.values() if re.match(r"temporalio/(server|admin-tools)", service["image"])
    }
    assert len(versions) == 1


def test_only_what_people_open_is_published_and_only_on_this_machine(services: dict[str, dict[str, Any]]) -> None:
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert published == {
        "api": ["127.0.0.1:8000:8000"],
        "temporal-ui": ["127.0.0.1:8080:8080"],
        "mailpit": ["127.0.0.1:8025:8025"],
    }


def test_the_api_is_asked_for_its_health_where_it_listens(services: dict[str, dict[str, Any]]) -> None:
    port = services["api"]["environment"]["FRONTDESK_PORT"]
    probe = " ".join(services["api"]["healthcheck"]["test"])
    assert f"http://127.0.0.1:{port}/healthz" in probe
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert f"FRONTDESK_PORT={port}" in dockerfile
    assert f"EXPOSE {port}" in dockerfile
    assert f"http://127.0.0.1:{port}/healthz" in dockerfile


def test_whatever_is_waited_for_can_become_healthy_or_ends(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        for other, wait in service.get("depends_on", {}).items():
            if wait["condition"] == "service_healthy":
                assert "test" in services[other]["healthcheck"], f"{name} waits for {other}"
            else:
                assert services[other]["restart"].startswith("on-failure"), f"{name} waits for {other}"


def test_every_service_has_a_memory_limit_and_a_bounded_log(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        assert service["deploy"]["resources"]["limits"]["memory"], name
        assert service["logging"]["options"]["max-size"], name


def test_named_volumes_hold_what_must_survive(compose: dict[str, Any], services: dict[str, dict[str, Any]]) -> None:
    mounted = {volume.split(":")[0] for service in services.values() for volume in service.get("volumes", ())}
    assert set(compose["volumes"]) == {volume for volume in mounted if not volume.startswith(".")}
    assert all((ROOT / volume).is_dir() for volume in mounted if volume.startswith("."))


def test_the_image_runs_as_nobody_special_and_installs_by_hash() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert "USER frontdesk" in dockerfile
    assert "--require-hashes" in dockerfile
    assert not re.search(r"^(ARG|ENV).*(SECRET|PASSWORD|TOKEN|KEY)", dockerfile, flags=re.MULTILINE)


def test_the_image_holds_no_environment_file_and_all_that_the_product_imports() -> None:
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert {".env", ".git", ".venv", "/data"} <= set(ignored)
    needed = [
        "api",
        "web",
        "workflows",
        "activities",
        "channels",
        "knowledge",
        "assistant",
        "storage",
        "notifications",
        "domain",
        "examples",
    ]
    assert [name for name in needed if f"/{name}" in ignored or name in ignored] == []


def test_the_scripts_are_shell_and_the_schema_directory_is_the_tools_own() -> None:
    for script in sorted((ROOT / "deploy/temporal").glob("*.sh")):
        assert script.read_text().startswith("#!/bin/sh\n")
        assert script.stat().st_mode & 0o111, f"{script.name} can't be run"
    assert "/etc/temporal/schema/postgresql/v12/" in (ROOT / "deploy/temporal/schema.sh").read_text()


def test_compose_runs_the_scripts_that_are_there(services: dict[str, dict[str, Any]]) -> None:
    for name in ("temporal-schema", "temporal-namespace"):
        script = shlex.join(services[name]["entrypoint"]).split("/deploy/")[1]
        assert (ROOT / "deploy/temporal" / script).is_file()
