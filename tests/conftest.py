"""What every kind of test shares: Temporal servers, and migrated databases that cost nothing."""

import asyncio
import shutil
import socket
import subprocess
import sysconfig
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

from running import SEARCH_ATTRIBUTES as SEARCH_ATTRIBUTE_KINDS
from storage.migrate import upgrade
from workflows.visible import SEARCH_ATTRIBUTES

SCRIPTS = Path(sysconfig.get_path("scripts"))

# How long a case takes says nothing on a machine that does other things too.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def migrated_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the schema, to be copied."""
    file = tmp_path_factory.mktemp("schema") / "frontdesk.db"
    upgrade(f"sqlite+aiosqlite:///{file}")
    return file


@pytest.fixture
def database_url(migrated_database: Path, tmp_path: Path) -> str:
    file = tmp_path / "frontdesk.db"
    for suffix in ("", "-wal", "-shm"):
        part = migrated_database.with_name(migrated_database.name + suffix)
        if part.exists():
            shutil.copy(part, file.with_name(file.name + suffix))
    return f"sqlite+aiosqlite:///{file}"


@pytest.fixture
async def skipping_time() -> AsyncIterator[WorkflowEnvironment]:
    """A server where hours pass at once: `env.sleep(...)` lets them."""
    async with await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=str(SCRIPTS / "temporal-test-server"), data_converter=pydantic_data_converter
    ) as env:
        await env.client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(
                namespace="default",
                search_attributes={key.name: IndexedValueType.ValueType(int(key.indexed_value_type)) for key in SEARCH_ATTRIBUTES},
            )
        )
        yield env


@pytest.fixture(scope="session")
def temporal_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One development server for the session, in memory, with the settings that `up` uses. Tests keep apart by their task queues."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(SCRIPTS / "temporal"), "server", "start-dev", "--headless", "--ip", "127.0.0.1", "--port", str(port)]
    command += ["--log-level", "never", "--dynamic-config-value", "history.transferProcessorMaxPollRPS=1000"]
    for name, kind in SEARCH_ATTRIBUTE_KINDS.items():
        command += ["--search-attribute", f"{name}={kind}"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        yield f"127.0.0.1:{port}"
        server.kill()


@pytest.fixture
async def temporal(temporal_address: str) -> Client:
    async with asyncio.timeout(30):
        while True:
            try:
                return await Client.connect(temporal_address, data_converter=pydantic_data_converter)
            except RuntimeError:
                await asyncio.sleep(0.05)
