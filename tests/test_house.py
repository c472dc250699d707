"""The rules of the house, as programs: names, borders and habits that a reader may rely on."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import files
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("domain", "workflows", "activities", "channels", "knowledge", "assistant", "storage", "notifications", "api", "web")
ROOTS = ("cli", "running", "console", "supervisor", "worker", "api.main")
"""Composition roots and the CLI's parts: they may import everything, nobody else imports them."""
BOUNDARIES = {"api/problems.py"}
"""Where `except Exception` may stand; the activity boundary is the engine's own."""


def tracked() -> list[Path]:
    """Every file of the project that is, or is about to be, committed."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [path for line in listed.stdout.splitlines() if (path := ROOT / line).is_file()]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


FILES = tracked()
SOURCES = [path for path in FILES if path.suffix == ".py"]
PRODUCT = [path for path in SOURCES if name_of(path).split("/")[0] not in ("tests", "bench", "scripts", "examples")]
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in SOURCES}


def module_of(path: Path) -> str:
    return name_of(path).removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module


def imports(path: Path, *modules: str) -> set[str]:
    return {name for name in imported(TREES[path]) for module in modules if name == module or name.startswith(f"{module}.")}


# The name that we share with LlamaIndex


def test_our_workflows_package_joins_the_shared_namespace_and_holds_nothing_else() -> None:
    body = ast.parse((ROOT / "workflows/__init__.py").read_text()).body
    assert isinstance(body[0], ast.Expr), "a docstring that says why"
    assert [ast.unparse(node) for node in body[1:]] == [
        "from pkgutil import extend_path",
        "__path__ = extend_path(__path__, __name__)",
    ]


def test_our_workflow_modules_meet_none_of_theirs() -> None:
    theirs = {Path(str(file)).parts[1].removesuffix(".py") for file in files("llama-index-workflows") or () if file.parts[0] == "workflows"}
    ours = {path.stem for path in (ROOT / "workflows").glob("*.py")} - {"__init__"}
    assert theirs, "LlamaIndex' package was found"
    assert ours & theirs == set()


@pytest.mark.parametrize("order", ["ours first", "theirs first"])
def test_both_import_whatever_the_path_order(order: str) -> None:
    site = next(path for path in sys.path if path.endswith("site-packages"))
    paths = [str(ROOT), site] if order == "ours first" else [site, str(ROOT)]
    program = f"import sys; sys.path[:0] = {paths!r}; import llama_index.core, workflows.conversation, workflows.events"
    done = subprocess.run([sys.executable, "-P", "-c", program], cwd="/", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def test_the_project_is_never_built_as_a_wheel() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert "build-system" not in project
    assert project["tool"]["uv"]["package"] is False


# Borders that import-linter can't see, because they are single modules


def test_nobody_imports_a_root() -> None:
    roots = {*ROOTS, "settings"}
    found = {
        module_of(path): met
        for path in PRODUCT
        if module_of(path) not in roots and not module_of(path).startswith("storage.migrations")
        if (met := imports(path, *roots))
    }
    assert found == {}


def test_only_roots_and_requests_use_the_gateway() -> None:
    users = {module_of(path) for path in PRODUCT if imports(path, "gateway")}
    assert users <= {*ROOTS}


def test_only_gateway_and_worker_hold_a_temporal_client() -> None:
    users = {module_of(path) for path in PRODUCT if imports(path, "temporalio.client")}
    assert users <= {"gateway", "worker"}


def test_the_gateway_imports_no_adapter() -> None:
    assert imports(ROOT / "gateway.py", "storage", "channels", "knowledge", "assistant", "notifications", "api", "web", "settings") == set()


def test_pdfium_is_met_by_its_own_process_only() -> None:
    assert {module_of(path) for path in PRODUCT if imports(path, "pypdfium2")} == {"web.page_renderer"}
    assert {module_of(path) for path in PRODUCT if imports(path, "web.page_renderer")} == set()


# Habits


@pytest.mark.parametrize("name", ["utils", "helpers", "common", "misc", "base"])
def test_no_file_is_a_drawer_for_everything(name: str) -> None:
    assert [name_of(path) for path in SOURCES if path.stem == name] == []


def test_no_class_is_named_for_managing_or_helping() -> None:
    classes = {
        f"{name_of(path)}:{node.name}"
        for path in SOURCES
        for node in ast.walk(TREES[path])
        if isinstance(node, ast.ClassDef) and node.name.endswith(("Manager", "Helper"))
    }
    assert classes == {"domain/managers.py:Manager"}, "the person who answers is the only Manager"


def test_imports_stand_at_the_top() -> None:
    inner = {
        name_of(path)
        for path in PRODUCT
        for function in ast.walk(TREES[path])
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert inner <= {"cli.py"}, "a command imports what it needs when it runs; nobody else does"


def test_the_environment_is_read_in_one_place() -> None:
    readers = {
        name_of(path)
        for path in PRODUCT
        for node in ast.walk(TREES[path])
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv") and ast.unparse(node.value) == "os"
    }
    assert readers <= {"settings.py", "supervisor.py"}, "the supervisor hands the environment to its children"


def test_everything_is_caught_only_at_the_named_boundaries() -> None:
    catchers = {
        name_of(path)
        for path in PRODUCT
        for node in ast.walk(TREES[path])
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or ast.unparse(node.type) in ("Exception", "BaseException"))
        and not (node.body and isinstance(node.body[-1], ast.Raise))
    }
    assert catchers <= BOUNDARIES


def test_no_test_patches_our_own_code() -> None:
    patching = [name_of(path) for path in SOURCES if imports(path, "unittest.mock", "mock")]
    assert patching == []


def test_every_exception_to_a_rule_has_its_reason_on_the_line() -> None:
    bare = re.compile(r"# (?:noqa|type: ignore)(?:: ?[A-Z0-9, ]+|\[[a-z0-9, -]+\])?\s*$")
    lines = [
        f"{name_of(path)}:{number}"
        for path in SOURCES
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if bare.search(line)
    ]
    assert lines == []


def test_nothing_names_a_package_index_or_a_place_on_a_machine() -> None:
    forbidden = re.compile(r"https?://[^\s\"')]+/(?:simple|packages/[0-9a-f]{2})/|--index-url|--registry|(?<![\w.])/(?:root|home)/\w")
    here = Path(__file__)
    found = []
    for path in FILES:
        if path == here or path.suffix in (".pdf", ".png", ".woff2", ".ico", ".jpg"):
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        found += [f"{name_of(path)}: {match.group()}" for match in forbidden.finditer(text)]
    assert found == []


def test_locks_hold_names_versions_and_hashes_only() -> None:
    for lock in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / lock).read_text()
        assert "://" not in text
        pinned = len(re.findall(r"^[a-z0-9][a-z0-9._-]*(?:\[[a-z,]+\])?==", text, re.MULTILINE))
        assert pinned > 50
        assert text.count("--hash=sha256:") >= pinned


def test_ci_runs_the_readmes_own_command() -> None:
    script = (ROOT / ".ci/run").read_text()
    commands = [line for line in script.splitlines() if line and not line.startswith(("#", "set ", "cd "))]
    assert commands == ["make test"]
    assert "make test" in (ROOT / "README.md").read_text()


def test_every_room_is_there() -> None:
    missing = [room for room in (*ROOMS, "tests", "docs", "examples", "bench") if not (ROOT / room).is_dir()]
    files_missing = [
        file for file in ("pyproject.toml", "worker.py", "docker-compose.yml", "frontdesk", "cli.py") if not (ROOT / file).exists()
    ]
    assert (missing, files_missing) == ([], [])
