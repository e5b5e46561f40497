"""What every test gets: no network, no window, settings of its own, and a check of what it leaves behind."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

# Before Qt and torch load: no window unless a test starts an X server, and one thread per process, because
# waiting threads spin: on a busy machine two of them take many times as long as one.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("OMP_NUM_THREADS", "1")
if "XDG_RUNTIME_DIR" not in os.environ and sys.platform.startswith("linux"):
    os.environ["XDG_RUNTIME_DIR"] = tempfile.mkdtemp(prefix="tessera-tests-")  # else Qt warns at each start

import pytest
from hypothesis import HealthCheck, settings

from tests.guards import leaks, network

pytest_plugins = ["tests.fixtures", "tests.commands"]

# No test judges by the clock: the machine may be busy with something else.
settings.register_profile("tessera", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tessera")

_HERE = Path(__file__).parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fuzz", type=int, default=0, metavar="N", help="changes that tests/fuzz makes to every file")


def pytest_configure(config: pytest.Config) -> None:
    network.block()
    leaks.watch()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, with the reason, what this machine cannot run."""
    for item in items:
        if item.get_closest_marker("xvfb") and shutil.which("Xvfb") is None:
            item.add_marker(pytest.mark.skip(reason="Xvfb is not installed (apt-get install xvfb)"))
        if item.get_closest_marker("gpu") and not _has_gpu():
            item.add_marker(pytest.mark.skip(reason="no CUDA device"))


def _has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()


@pytest.fixture(autouse=True)
def _no_network(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sockets are blocked here by `network.block`; children get the block through their PYTHONPATH."""
    allowed = "1" if request.node.get_closest_marker("loopback") else "0"
    monkeypatch.setenv(network.LOOPBACK_ENV, allowed)
    paths = [str(_HERE / "guards" / "no_network"), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(p for p in paths if p))


@pytest.fixture(autouse=True)
def _fresh_settings(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """User folders and settings of this test's own; no TESSERA_ variable of the caller gets in."""
    home = tmp_path_factory.mktemp("home")
    for name in [n for n in os.environ if n.startswith("TESSERA_") and n != network.LOOPBACK_ENV]:
        monkeypatch.delenv(name)
    for name in ("CONFIG", "DATA", "CACHE", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(home / name.lower()))
    for name in ("APPDATA", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(home / name.lower()))
    if sys.platform != "linux":
        monkeypatch.setenv("HOME", str(home))
    if "PySide6.QtCore" in sys.modules:
        from PySide6.QtCore import QSettings

        for kind in (QSettings.Format.NativeFormat, QSettings.Format.IniFormat):
            QSettings.setPath(kind, QSettings.Scope.UserScope, str(home / "settings"))


@pytest.fixture(autouse=True)
def _nothing_left_running(request: pytest.FixtureRequest, _no_network: None) -> Iterator[None]:
    """Fail a test that leaves a thread or a timer running, and say where it was started."""
    before = leaks.Snapshot()
    yield
    found = before.leaks()
    if found and not request.node.get_closest_marker("leaks_threads"):
        pytest.fail("left running by this test:\n  " + "\n  ".join(found), pytrace=False)


@pytest.fixture(scope="session")
def xvfb_display() -> Iterator[str]:
    """The name (":7") of an X server, 1600 x 1000, that this session starts: what children use as DISPLAY."""
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "1600x1000x24", "-nolisten", "tcp"],
        pass_fds=(write,),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    try:
        with os.fdopen(read) as pipe:
            number = pipe.readline().strip()  # written once the server takes connections
        if not number:
            pytest.fail("Xvfb did not start")
        yield f":{number}"
    finally:
        server.terminate()
        server.wait(10)
