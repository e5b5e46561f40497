"""Files of any content, read by everything that reads files: success, or one sentence; little memory, little time.

`pytest tests/fuzz --fuzz 2000` tries that many changes of every file instead of the few of the ordinary run.
"""

from __future__ import annotations

import ast
import random
import re
import resource
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FrameType

import pytest

from engine.errors import EngineError
from tests.engine.test_files import is_one_sentence
from tests.fuzz.mutations import BINARY, ODD_FILES, TEXT
from tests.fuzz.readers import READERS, Reader

REPO = Path(__file__).resolve().parents[2]
MOST_MIB, MOST_SECONDS = 1024, 10


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TESSERA_WEIGHTS", str(tmp_path / "shelf"))


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def read(reader: Reader, path: Path, what: str) -> None:
    """Every call of a reader on one file."""
    for number, call in enumerate(reader.calls):
        peak_before, began = peak_mib(), time.process_time()
        try:
            call(path)
        except EngineError as error:
            assert is_one_sentence(str(error)), f"{what}, call {number}: {error}"
        except Exception as error:
            raise AssertionError(f"{what}, call {number}: {error!r}") from error
        assert peak_mib() - peak_before < MOST_MIB, f"{what}, call {number}: memory"
        assert time.process_time() - began < MOST_SECONDS, f"{what}, call {number}: time"


@pytest.mark.parametrize("name", READERS)
def test_a_changed_file_is_read_or_refused_with_one_sentence(name: str, tmp_path: Path, fuzz_rounds: int) -> None:
    reader = READERS[name]
    path = reader.make(tmp_path)
    whole = path.read_bytes()
    for seed in range(fuzz_rounds):
        chance = random.Random(f"{name} {seed}")
        mutation = chance.choice(TEXT if reader.is_text else BINARY)
        path.write_bytes(mutation(whole, chance))
        read(reader, path, f"{name}, seed {seed}, {mutation.__name__}")


@pytest.mark.skipif(sys.platform == "win32", reason="pipes and devices are Unix's")
@pytest.mark.parametrize("name", READERS)
def test_what_is_no_ordinary_file_is_refused_with_one_sentence(name: str, tmp_path: Path) -> None:
    reader = READERS[name]
    for number, make_odd in enumerate(ODD_FILES):
        folder = tmp_path / str(number)
        folder.mkdir()
        path = reader.make(folder)
        make_odd(path)
        read(reader, path, f"{name}, {make_odd.__name__}")


@pytest.mark.parametrize("name", READERS)
def test_a_file_of_another_kind_is_refused_with_one_sentence(name: str, tmp_path: Path) -> None:
    reader = READERS[name]
    path = reader.make(tmp_path)
    for other_name in OTHER_KINDS:
        other = tmp_path / f"other {other_name}"
        other.mkdir()
        path.write_bytes(READERS[other_name].make(other).read_bytes())
        read(reader, path, f"{name}, {other_name}")


OTHER_KINDS = ("png", "jpeg", "request", "tensors", "checkpoint of others", "label set", "golden arrays", "recipe")


# ---------------------------------------------------------------- nothing that opens a path is left out

OPENERS = {
    "open", "open_regular", "read_bytes", "read_text", "read_json", "read_toml", "safe_open", "load_file",
    "check_regular", "open_source", "load_raster", "read_image",
}  # fmt: skip
OPENING_METHODS = {"read_bytes", "read_text"}
QT_READERS = {"QImage", "QPixmap", "QIcon", "QImageReader", "QMovie", "QFile", "QSettings", "QSvgRenderer"}
"""They open what is given as a string."""
MODES = re.compile("[rwax]b?[+]?b?")
OPENING_MODULES = {
    "np": {"load", "fromfile", "loadtxt"}, "torch": {"load"}, "Image": {"open"}, "os": {"open", "fdopen"},
    "zipfile": {"ZipFile"}, "io": {"open"}, "tomllib": {"load"}, "json": {"load"}, "pickle": {"load"},
}  # fmt: skip
NOT_READERS = {
    "writes": (
        "engine.cli.common.write_log", "engine.cli.common.open_streams", "engine.cli.common.answer_nobody",
        "engine.files._new_temporary",
        "engine.files._held_folder", "engine.files._sync_folder", "engine.files.remove_abandoned",
        "engine.training.loop._report", "engine.data.make.keep_colours",
        "app.document.saved.process_folders.hold_folder", "app.document.saved.process_folders._is_alive",
        "app.shell.settings.__init__", "run.set_up", "run.install", "run.write",
    ),
    "reads what ships with Tessera or the system, or what it has just written itself": (
        "engine.bench.editor.measure", "engine.bench.editor._display", "engine.bench.literal_training.portraits",
        "engine.bench.memory.peak", "engine.bench.rows.machine", "engine.devices.cpu_name",
        "engine.devices._left_in_container", "app.bench_editor.photo", "app.document.opening.templates",
        "app.library.samples._tables", "app.shell.i18n.translations", "app.shell.icons.svg_text",
        "app.shell.theme.style_sheet", "app.imaging.mime.keep_image", "engine.training.run.tensorboard.__call__",
        "engine.training.run.lock.only_process", "run.wanted_key", "app.imaging.thumbnail_folder.load",
        "app.shell.icons.app_icon", "app.panels.styles.samples._read", "app.dialogs.help.guide.loadResource",
    ),
    "reads by a reader that is tried, and does nothing else to the file": (
        "engine.cli.common.check_json_file", "engine.cli.bench.table", "engine.golden.verify._looks_like_a_case",
        "engine.data.captioning.write.caption_picture", "engine.data.pictures._read_picture",
        "engine.painting.style_spread.measure_styles", "engine.requests.editing.job._photo_tones",
        "engine.requests.parse.image", "engine.requests.photo_reference.identity",
        "engine.requests.style_file._own_picture", "engine.requests.style_pictures.encode_picture",
        "engine.systems.pairs.read", "app.controllers.weights._read_picture", "app.imaging.thumbnails._load",
        "app.imaging.file_looks._made", "app.panels.styles.shelf._icon",
        "app.jobs.photos.find_regions", "app.jobs.restyle._photo", "engine.metrics.features.load_feature_net",
        "engine.data.scan._without_label_set",
        "engine.data.turns._explains_stored_better",
    ),
}  # fmt: skip


def functions_that_open() -> Iterator[tuple[str, int]]:
    """Dotted names, without classes, of the functions of run.py, app and engine that open a path, with their lines."""
    for path in [REPO / "run.py", *sorted((REPO / "app").rglob("*.py")), *sorted((REPO / "engine").rglob("*.py"))]:
        module = ".".join(path.relative_to(REPO).with_suffix("").parts)
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            if is_function and any(map(_opens, ast.walk(node))):
                yield f"{module}.{node.name}", min(part.lineno for part in (node, *node.decorator_list))


def opening_outside_functions() -> list[str]:
    """What a module opens when it is imported."""
    places = []
    for path in [REPO / "run.py", *sorted((REPO / "app").rglob("*.py")), *sorted((REPO / "engine").rglob("*.py"))]:
        for statement in ast.parse(path.read_text("utf-8")).body:
            if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                places += [f"{path.name}:{node.lineno}" for node in ast.walk(statement) if _opens(node)]
    return places


def _opens(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    function = node.func
    first = node.args[0] if node.args else None
    if isinstance(function, ast.Name):
        return function.id in OPENERS or (function.id in QT_READERS and _may_be_a_path(first))
    if not isinstance(function, ast.Attribute):
        return False
    opens_itself = function.attr == "open" and isinstance(first, ast.Constant) and MODES.fullmatch(str(first.value))
    return bool(opens_itself) or function.attr in OPENING_METHODS or (
        isinstance(function.value, ast.Name) and function.attr in OPENING_MODULES.get(function.value.id, ())
    )


def _may_be_a_path(argument: ast.expr | None) -> bool:
    """Whether what Qt is given is a string."""
    if isinstance(argument, ast.Call):
        function = argument.func
        return getattr(function, "id", "") in ("str", "fspath") or getattr(function, "attr", "") == "toLocalFile"
    return isinstance(argument, ast.JoinedStr) or (
        isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    )


@pytest.mark.parametrize(
    "call",
    [
        "open(p)", "read_json(p)", "p.read_text()", "p.open('rb')", "np.load(p)", "Image.open(p)", "QImage(str(p))",
        "QSettings(str(p), form)", "QPixmap('a.png')", "QImage(url.toLocalFile())",
    ],
)  # fmt: skip
def test_every_way_to_open_is_seen(call: str) -> None:
    assert any(map(_opens, ast.walk(ast.parse(call))))


def test_nothing_is_opened_by_an_import() -> None:
    assert opening_outside_functions() == []


def test_every_function_that_opens_a_path_is_tried(tmp_path: Path) -> None:
    """By a reader of the table, which is watched while it reads a whole file, or it is named with the reason above."""
    codes: dict[CodeType, str] = {}

    def watch(frame: FrameType, event: str, argument: object) -> None:
        if frame.f_code not in codes:
            codes[frame.f_code] = str(frame.f_globals.get("__name__"))

    for number, reader in enumerate(READERS.values()):
        folder = tmp_path / str(number)
        folder.mkdir()
        path = reader.make(folder)
        sys.setprofile(watch)
        threading.setprofile(watch)
        try:
            read(reader, path, "whole")
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
            read(reader, path, "half")
        finally:
            sys.setprofile(None)
            threading.setprofile(None)  # type: ignore[arg-type]
    entered = {(f"{module}.{code.co_name}", code.co_firstlineno) for code, module in codes.items()}
    reasons = {name for names in NOT_READERS.values() for name in names}
    functions = set(functions_that_open())  # one of two of the same name does not stand for the other
    opening = {name for name, _ in functions}
    missed = {name for name, _ in functions - entered} - reasons
    assert sorted(missed) == [], "neither in tests/fuzz/readers.py nor named with a reason"
    assert sorted(reasons - opening) == [], "named with a reason, and open nothing"


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """What libraries warn of in broken files is no failure of ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
