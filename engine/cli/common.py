"""What all commands share: exit codes, progress on stderr, cancelling, answers on stdout."""

from __future__ import annotations

import functools
import json
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn, Protocol, TextIO, TypeVar

import typer

from engine.errors import BadFile, BadRequest, Cancelled, EngineError, OutOfMemory, one_of
from engine.files import check_name, of_system, reason
from engine.progress import Progress

OK, CHECK_FAILED, USER_MISTAKE, INTERNAL, INTERRUPTED = 0, 1, 2, 3, 130

JsonFlag = Annotated[bool, typer.Option("--json", help="Answer with JSON on stdout, for programs.")]
OrderOption = Annotated[
    str | None, typer.Option("--order", help="How label map files number their labels (ids, from 1, ADE20K ...).")
]
Device = Annotated[str, typer.Option("--device", help="auto, cpu, cuda:0 ... or mps.")]

_Command = TypeVar("_Command", bound=Callable[..., Any])


def guarded(command: _Command) -> _Command:
    """Turn what a command raises into one sentence on stderr and an exit code; no traceback is printed."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            result = command(*args, **kwargs)
            finish_answer()
            return result
        except BrokenPipeError:
            raise
        except (Cancelled, KeyboardInterrupt):
            leave("Interrupted.", INTERRUPTED)
        except OutOfMemory as error:
            leave(str(error), INTERNAL)
        except EngineError as error:
            leave(str(error), USER_MISTAKE)
        except Exception as error:
            if isinstance(error, OSError) and (sentence := of_system(error)) is not None:
                leave(str(sentence), USER_MISTAKE)
            kind = type(error).__name__
            leave(f"Tessera failed unexpectedly ({kind}); the details are in {write_log(error)}", INTERNAL)

    return run  # type: ignore[return-value]


def leave(sentence: str, exit_code: int) -> NoReturn:
    """End with a sentence on stderr."""
    announce(sentence)
    raise SystemExit(exit_code) from None


def open_streams() -> None:
    """A console that lacks a character shows "?" instead of failing; a stream that whoever started us has closed
    takes everything and shows nothing."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def finish_answer() -> None:
    """Write what is still on its way to stdout. Raises BadFile and BrokenPipeError as `say`."""
    with _answering():
        sys.stdout.flush()


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise cannot_answer(error) from error


def cannot_answer(error: OSError) -> BadFile:
    """What is said where stdout cannot be written to, which nobody tries again."""
    answer_nobody()
    return BadFile("The answer cannot be written: {0}.", reason(error))


def answer_nobody(stream: TextIO | None = None) -> None:
    """What is written from now on, and what is still on its way, goes nowhere. stream: stdout unless given."""
    with suppress(OSError):  # tests have streams without a file
        os.dup2(os.open(os.devnull, os.O_WRONLY), (stream or sys.stdout).fileno())


def log_file() -> Path:
    """Where the details of unexpected failures go; TESSERA_HOME moves it with the editor's folders."""
    import platformdirs

    home = os.environ.get("TESSERA_HOME")
    folder = Path(home) / "log" if home else Path(platformdirs.user_log_dir("Tessera", appauthor=False))
    return folder / "command-line.log"


def write_log(error: BaseException) -> str:
    """Append the traceback to the log; return the log's path, or the traceback if no log can be written."""
    traceback_text = "".join(traceback.format_exception(error))
    log_path = log_file()
    try:
        log_path.parent.mkdir(parents=True, exist_ok=True)
        with open(log_path, "a", encoding="utf-8") as log:
            log.write(f"--- {datetime.now().isoformat(timespec='seconds')} {sys.argv}\n{traceback_text}\n")
    except OSError:
        return f"these lines:\n{traceback_text}"
    return str(log_path)


LINE_SECONDS, SILENT_SECONDS = 10.0, 60.0
"""Where no bar can be drawn: a line for each tenth, no two within the first, and one after the second anyway."""


class ProgressLines:
    """How far long work is, in plain lines: for a log, a pipe, a job on another machine."""

    def __init__(self, description: str, write: Callable[[str], None], clock: Callable[[], float]) -> None:
        self._description, self._write, self._clock = description, write, clock
        self._written_at, self._tenths = clock(), 0
        self._began_at, self._is_written = self._written_at, False

    def report(self, fraction: float, activity: str = "") -> None:
        """As `Progress`; quick work says nothing."""
        seconds, tenths = self._clock() - self._written_at, int(10 * fraction)
        if seconds >= SILENT_SECONDS or (seconds >= LINE_SECONDS and tenths > self._tenths):
            doing = f": {activity}" if activity and activity != self._description else ""
            self._write(f"{self._description}{doing}, {fraction:.0%}")
            self._written_at, self._tenths, self._is_written = self._clock(), tenths, True

    def finish(self) -> None:
        """The work is done: said where something was said of it before."""
        if self._is_written:
            self._write(f"{self._description}: done in {self._clock() - self._began_at:.0f} s")


@contextmanager
def progress(description: str, *, quiet: bool = False, lines: bool = True) -> Iterator[Progress]:
    """A bar on stderr for work that reports (fraction 0..1, what it does now); plain lines where that is no terminal.

    quiet: neither. lines: False where the command has lines of its own.
    """
    from rich.console import Console

    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        write = announce if lines and not quiet else _write_nothing
        progress_lines = ProgressLines(description, write, time.monotonic)
        yield progress_lines.report
        progress_lines.finish()
        return
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), "[progress.percentage]{task.percentage:>3.0f}%")
    with Bar(*columns, TimeRemainingColumn(), console=console, transient=True) as progress_bar:
        task = progress_bar.add_task(description, total=1.0)

        def report(fraction: float, activity: str = "") -> None:
            progress_bar.update(task, completed=fraction, description=activity or description)

        yield report


def _write_nothing(line: str) -> None:
    pass


class Stoppable(Protocol):
    """What Ctrl+C stops: a training's Control."""

    @property
    def stopping(self) -> bool: ...

    def stop(self) -> None: ...


@contextmanager
def cancelling() -> Iterator[threading.Event]:
    """An event that the first Ctrl+C sets, so that work ends in good order; the second one interrupts it."""
    cancel_event = threading.Event()
    with _on_interrupt(cancel_event.set, cancel_event.is_set):
        yield cancel_event


S = TypeVar("S", bound=Stoppable)


@contextmanager
def stopping(work: S) -> Iterator[S]:
    """`work`, which the first Ctrl+C stops in good order; the second one interrupts it."""
    with _on_interrupt(work.stop, lambda: work.stopping):
        yield work


@contextmanager
def _on_interrupt(on_first: Callable[[], None], stopping_already: Callable[[], bool]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous_handler = signal.getsignal(signal.SIGINT)

    def on_interrupt(signal_number: int, frame: Any) -> None:
        if stopping_already():
            raise KeyboardInterrupt
        on_first()
        announce("Stopping ... (Ctrl+C again stops at once)")

    signal.signal(signal.SIGINT, on_interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous_handler)


def check_target(target: Path, suffixes: tuple[str, ...]) -> None:
    """Refuse an --out that could not be written, before long work instead of after it. Raises BadFile."""
    check_name(target)
    if target.suffix.lower() not in suffixes:
        raise BadFile('Cannot write "{0}": its name must end in {1}.', target, one_of(suffixes))
    if target.is_dir():
        raise BadFile('Cannot write "{0}": it is a folder; give a file name.', target)
    folder = target.absolute().parent
    if not folder.is_dir():
        raise BadFile('Cannot write "{0}": the folder "{1}" does not exist; create it first.', target, folder)
    if not os.access(folder, os.W_OK | os.X_OK) or (target.exists() and not os.access(target, os.W_OK)):
        raise BadFile('Cannot write "{0}": the folder or the file is read-only; choose another folder.', target)


def check_apart(target: Path, input_files: Iterable[str | Path | None]) -> None:
    """Refuse an --out that is one of the files that a command reads, by whatever name. Raises BadRequest."""
    if target.exists() and any(
        os.path.exists(input_file) and os.path.samefile(target, input_file) for input_file in input_files if input_file
    ):
        raise BadRequest('"{0}" would be written over; choose another name for --out.', target)


def check_json_file(json_file: Path | None, own_keys: Iterable[str] = ()) -> bool:
    """Refuse a --json file that could not be written, or that is there and no answer of the command (those have
    `own_keys`); whether the answer goes to stdout instead ("-").

    Raises BadFile, BadRequest.
    """
    from engine.plain_data import read_json

    if json_file is None or str(json_file) == "-":
        return json_file is not None
    check_target(json_file, (".json",))
    if json_file.exists():
        try:
            answer = read_json(json_file)
        except BadFile:
            answer = None
        first_answer = answer[0] if isinstance(answer, list) and answer else answer
        if not isinstance(first_answer, dict) or not set(own_keys) <= first_answer.keys():
            raise BadRequest('"{0}" would be written over; choose another name for --json.', json_file)
    return False


@dataclass(frozen=True)
class Answer:
    """What a command answers: facts for --json, lines for people, notes for stderr."""

    facts: dict[str, Any]
    lines: Sequence[str]
    notes: Sequence[str]

    def tell(self, as_json: bool) -> None:
        """Answer on stdout."""
        tell(self.notes)
        if as_json:
            say_json({**self.facts, "notes": self.notes})
        else:
            for line in self.lines:
                say(line)


def say(line: str) -> None:
    """One line of the answer, on stdout. Raises BadFile: it cannot be written; BrokenPipeError: its reader (head,
    less) has gone, and there is nobody to answer."""
    with _answering():
        print(line)  # noqa: T201


def tell(notes: Iterable[str]) -> None:
    """What a user should know besides the answer, on stderr."""
    for note in notes:
        announce(f"Note: {note}")


def announce(line: str) -> None:
    """One line about how the work goes, on stderr; the work goes on where nobody reads it."""
    try:
        print(line, file=sys.stderr, flush=True)  # noqa: T201
    except OSError:
        answer_nobody(sys.stderr)


def say_json(answer: Any) -> None:
    """The whole answer as JSON on stdout; paths become strings. Raises as `say`."""
    say(json.dumps(answer, ensure_ascii=False, indent=2, default=str))
