"""Runs in processes of their own: killed in the middle, shared by two of them."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from safetensors.torch import load_file

from engine.training.recipe import Recipe
from tests.engine.training.tiny import PARSER, SEAN, changed, checkpoint, differences, start
from tests.fixtures import write_dataset

CHILD = """
import json, sys
from pathlib import Path
import msgspec
from engine.training.recipe import Recipe
from engine.training.start import prepare

data, options, *runs = sys.argv[1:]
tell = lambda event, facts: print(event, facts.get("step"), flush=True)
for recipe, folder in zip(runs[::2], runs[1::2]):
    recipe = msgspec.json.decode(recipe, type=Recipe)
    prepare(recipe, Path(data), Path(folder), callbacks=[tell], **json.loads(options)).run()
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("data") / "faces", side=32, train=6, val=2)


def child(
    runs: dict[Path, Recipe],
    data: Path,
    env: dict[str, str] | None = None,
    code: str = CHILD,
    **more: object,
) -> subprocess.Popen[str]:
    words = [sys.executable, "-c", code, str(data), json.dumps(more)]
    for folder, recipe in runs.items():
        words += [msgspec.json.encode(recipe).decode(), str(folder)]
    pipe = subprocess.PIPE
    return subprocess.Popen(words, env=os.environ | (env or {}), stdout=pipe, stderr=pipe, text=True)


def test_a_run_killed_in_mid_step_resumes_to_the_same_weights(data: Path, tmp_path: Path) -> None:
    start(SEAN, data, tmp_path / "whole").run()
    killed = child({tmp_path / "run": SEAN}, data)
    assert killed.stdout is not None
    seen = []
    for line in killed.stdout:  # a step after the checkpoint of step 3, so that something is lost
        seen.append(line.strip())
        if line.strip() == "step 4":
            killed.send_signal(signal.SIGKILL)
            break
    _, errors = killed.communicate(timeout=90)
    assert "checkpoint 3" in seen and killed.returncode == -signal.SIGKILL, errors
    assert not list((tmp_path / "run").rglob("*.tmp")) and checkpoint(tmp_path / "run")["step"] == 3
    resumed = start(SEAN, data, tmp_path / "run", resume=True)
    assert resumed.step == 3
    resumed.run()
    assert differences(checkpoint(tmp_path / "whole"), checkpoint(tmp_path / "run")) == []
    best = (load_file(tmp_path / name / "best.safetensors") for name in ("whole", "run"))
    assert differences(*best) == []


def two_ranks() -> list[dict[str, str]]:
    """The environments of two processes as torchrun would start them, on the CPU."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    env = {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    env |= {"GROUP_RANK": "0", "GROUP_WORLD_SIZE": "1", "TORCHELASTIC_RUN_ID": "test", "GLOO_SOCKET_IFNAME": "lo"}
    return [env | {"RANK": str(rank), "LOCAL_RANK": str(rank)} for rank in (0, 1)]


LISTENS = """
import psutil

def tell(event, facts):
    print(event, facts.get("step"), flush=True)
    for process in (psutil.Process(), *psutil.Process().children(recursive=True)):
        for connection in process.net_connections("inet"):
            if connection.status == psutil.CONN_LISTEN:
                print("listens:", connection.laddr.ip, flush=True)
"""


def two_processes(runs: dict[Path, Recipe], data: Path, folder: Path) -> None:
    """A run shared by two processes, of which the first starts the second by the same script again."""
    script = folder / "script.py"
    script.write_text(re.sub("tell = .*", LISTENS, CHILD))
    words = [data, json.dumps({"devices": 2})]
    for run_folder, recipe in runs.items():
        words += [msgspec.json.encode(recipe).decode(), run_folder]
    environment = {name: text for name, text in os.environ.items() if not name.endswith("_SOCKET_IFNAME")}
    command = [sys.executable, script, *map(str, words)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stderr
    assert lines.count("step 1") == len(runs)  # one of them reports
    assert {line.split()[1] for line in lines if line.startswith("listens:")} == {"127.0.0.1"}


def losses_of(folder: Path) -> list[dict[str, float]]:
    lines = [json.loads(line) for line in (folder / "stats.jsonl").read_text("utf-8").splitlines()]
    return [line["losses"] for line in lines if line["event"] == "step"]


TOLERANCE = 2e-4  # relative: sums in another order, and losses are told with four decimals


@pytest.mark.loopback
def test_two_processes_train_as_one_does_with_the_doubled_batch(data: Path, tmp_path: Path) -> None:
    """Noise, augmentation and batch norm too: what a picture gets does not depend on who works on it. The processes
    talk on the loopback interface alone.

    The parser without its losses that compare classes over a whole batch (weighted mean, Jaccard).
    """
    plain = changed(PARSER, task={"class_weight_power": 0.0, "jaccard": 0.0})
    recipes = {"sean": changed(SEAN, steps=3, checkpoint_every=100), "parser": changed(plain, steps=3)}
    two_processes({tmp_path / f"{system}-2": recipe for system, recipe in recipes.items()}, data, tmp_path)
    for system, recipe in recipes.items():
        start(changed(recipe, batch=4), data, tmp_path / system).run()
        one, two = losses_of(tmp_path / system), losses_of(tmp_path / f"{system}-2")
        assert len(one) == len(two) == 3
        for alone, shared in zip(one, two, strict=True):
            assert shared == pytest.approx(alone, rel=TOLERANCE, abs=2e-4)
        resumed = start(changed(recipe, batch=4), data, tmp_path / f"{system}-2", resume=True)  # names are the same
        assert resumed.step == 3
    assert json.loads((tmp_path / "sean-2" / "config.json").read_text("utf-8"))["processes"] == 2


def test_gradients_of_several_batches_are_averaged(data: Path, tmp_path: Path) -> None:
    """No batch norm to tell batches apart, one network: two batches of 2 are one of 4."""
    recipe = changed(PARSER, steps=1, task={"class_weight_power": 0.0, "jaccard": 0.0, "lr": 1e-3, "warm_up": 1})
    whole = start(changed(recipe, batch=4), data, tmp_path / "whole")
    parts = start(changed(recipe, accumulate=2), data, tmp_path / "parts")
    for loop in (whole, parts):
        for module in loop.task.modules["parser"].modules():
            if hasattr(module, "running_mean"):
                module.train = lambda mode=True, module=module: module  # type: ignore[method-assign]
                module.training = False
        loop.run()
    a, b = (losses_of(tmp_path / name)[0] for name in ("whole", "parts"))
    assert b == pytest.approx(a, rel=1e-4, abs=2e-4)
    assert parts.stepper.pictures == 4


def test_all_networks_move_when_gradients_are_accumulated(data: Path, tmp_path: Path) -> None:
    loop = start(changed(SEAN, steps=1, accumulate=2), data, tmp_path / "run")
    before = {k: [p.detach().clone() for p in m.parameters()] for k, m in loop.task.modules.items()}
    loop.run()
    for name, module in loop.task.modules.items():
        moved = [bool((p != q).any()) for p, q in zip(module.parameters(), before[name], strict=True)]
        assert sum(moved) > len(moved) / 2, name


ENDS = CHILD.replace(
    ".run()",
    """
    if os.environ["RANK"] == "0":
        sabotage(loop)
    try:
        loop.run()
    except (TrainingError, Cancelled) as error:
        print("ended:", type(error).__name__, error, flush=True)
""",
).replace("    prepare(", "    loop = prepare(")


def ends_of_two(sabotage: str, data: Path, folder: Path) -> list[str]:
    """How a run of two processes ends in each of them, after `sabotage` (code that has `loop`) in the first."""
    head = "import os\nfrom engine.errors import Cancelled, TrainingError\ndef sabotage(loop):\n" + sabotage
    recipe = changed(PARSER, steps=4)
    children = [child({folder: recipe}, data, rank, head + ENDS, devices=2) for rank in two_ranks()]
    results = [one.communicate(timeout=90) for one in children]
    ends = [[line for line in out.splitlines() if line.startswith("ended:")] for out, _ in results]
    assert [len(lines) for lines in ends] == [1, 1], results
    return [lines[0] for lines in ends]


@pytest.mark.loopback
@pytest.mark.parametrize("failure", ['TrainingError("what rank 0 met.")', "Cancelled()"])
def test_what_one_process_meets_alone_ends_all_of_them(data: Path, tmp_path: Path, failure: str) -> None:
    """The first process samples and validates by itself: where that fails, the others must not wait for it."""
    ends = ends_of_two(f"""
    def fail(batch):
        raise {failure}
    loop.task.samples = fail
""", data, tmp_path / "run")
    if failure == "Cancelled()":
        assert [end.split()[1] for end in ends] == ["Cancelled"] * 2
    else:
        assert "what rank 0 met; training stopped at step 3" in ends[0]
        assert "Another process of this run failed" in ends[1]


@pytest.mark.loopback
def test_stats_that_cannot_be_written_end_all_processes(data: Path, tmp_path: Path) -> None:
    """The first process alone writes them: the others must not wait for it in the next step."""
    ends = ends_of_two("""
    (loop.folder / "stats.jsonl").mkdir()
""", data, tmp_path / "run")
    assert "stats.jsonl" in ends[0] and "training stopped at step 1" in ends[0]
    assert "Another process of this run failed" in ends[1] and "training stopped at step 1" in ends[1]


@pytest.mark.loopback
@pytest.mark.parametrize(("event", "phase"), [("step", None), ("phase", "training")])
def test_a_callback_that_cancels_ends_all_processes(
    data: Path, tmp_path: Path, event: str, phase: str | None
) -> None:
    ends = ends_of_two(f"""
    def cancel(event, facts):
        if event == {event!r} and facts.get("phase") == {phase!r}:
            raise Cancelled
    loop.callbacks.append(cancel)
""", data, tmp_path / "run")
    assert [end.split()[1] for end in ends] == ["Cancelled"] * 2
