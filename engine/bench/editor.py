"""The editor's own numbers: latency of the brush, heartbeat of the window, start-up, edits, memory.

The engine knows nothing of the application, so the editor is measured from outside: `python -m app.bench_editor`
drives a real window in a process of its own and answers with rows. It is run without a screen (Qt's platform
"offscreen"), and again on an X server where Xvfb is installed.
"""

from __future__ import annotations

import compileall
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from engine.errors import EngineError, NotSupported
from engine.files import root
from engine.plain_data import read_json
from engine.progress import Progress

PROGRAM = "app.bench_editor"
PATIENCE_S = 1800
SCREEN = "1920x1200x24"


@dataclass(frozen=True)
class EditorRow:
    """One measurement. limit: what it must stay below, None where nothing is promised; unit: of both."""

    platform: str
    measure: str
    value: float
    unit: str
    limit: float | None

    @property
    def held(self) -> bool:
        """Whether the limit, if any, is kept."""
        return self.limit is None or self.value <= self.limit


def platforms() -> list[str]:
    """On which Qt platforms this machine can show the editor."""
    return ["offscreen", "xcb"] if shutil.which("Xvfb") else ["offscreen"]


def measure(
    platform: str, on_progress: Progress = lambda share, text: None, *, effort: float = 1.0
) -> list[EditorRow]:
    """Run the editor on one platform and measure it. `effort` below 1 does less: for tests, not for numbers.

    Raises:
        NotSupported: the application is not installed here, or there is no X server for "xcb".
        EngineError: the editor failed; its output is in the details.
    """
    on_progress(0.0, f"the editor on {platform}")
    for package in ("app", "engine"):  # as after `run.py`'s set-up, also where Python is told to keep no compiled files
        compileall.compile_dir(root() / package, quiet=2)
    with _display(platform) as environment, tempfile.TemporaryDirectory() as folder:
        rows_file = Path(folder) / "rows.json"
        environment["TESSERA_HOME"] = folder  # a first start, whatever the user's settings are
        command = [sys.executable, "-m", PROGRAM, repr(time.time()), str(rows_file), str(effort)]
        try:
            process = subprocess.run(
                command, env=environment, capture_output=True, text=True, timeout=PATIENCE_S, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise EngineError("The editor took too long to measure; close other programs and try again.") from error
        if not rows_file.is_file():
            if f"No module named {PROGRAM.split('.')[0]}" in process.stderr or "PySide6" in process.stderr:
                raise NotSupported("The editor is not installed here, so there is nothing to measure.")
            raise EngineError(
                "The editor stopped before it was measured; start it by hand to see why.",
                details=process.stderr[-4000:],
            )
        measured = read_json(rows_file, limit=1 << 20)
    on_progress(1.0, f"the editor on {platform}")
    return [EditorRow(platform=measured["platform"], **row) for row in measured["rows"]]


@contextmanager
def _display(platform: str) -> Iterator[dict[str, str]]:
    """The environment for a child on a platform; for "xcb" with an X server of its own."""
    environment = {**os.environ, "QT_QPA_PLATFORM": platform}
    if platform != "xcb":
        yield environment
        return
    if shutil.which("Xvfb") is None:
        raise NotSupported("Xvfb is not installed, so there is no X server to measure on; install it or use offscreen.")
    read_end, write_end = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write_end), "-screen", "0", SCREEN, "-nolisten", "tcp"],
        pass_fds=[write_end],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(write_end)
    try:
        with os.fdopen(read_end) as server_output:
            display_number = server_output.readline().strip()  # the server says when it is ready
        if not display_number:
            raise EngineError("Xvfb did not start; try it by hand to see why.")
        yield {**environment, "DISPLAY": f":{display_number}"}
    finally:
        server.terminate()
        server.wait()


def as_table(editor_rows: list[EditorRow]) -> str:
    """In Markdown, with the most that each measure may be (`limit`)."""
    table_lines = ["| platform | measure | value | limit |", "|---|---|---|---|"]
    for row in editor_rows:
        limit_text = "" if row.limit is None else f"{row.limit:g} {row.unit}{'' if row.held else ' **missed**'}"
        value_text = f"{row.value:.2f}" if row.unit == "s" else f"{row.value:.1f}"
        table_lines.append(f"| {row.platform} | {row.measure} | {value_text} {row.unit} | {limit_text} |")
    return "\n".join(table_lines)
