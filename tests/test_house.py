"""The rules of the house that no linter holds, and the guards that every test runs under."""

from __future__ import annotations

import ast
import os
import re
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.guards import leaks, network

pytest_plugins = ["pytester"]

REPO = Path(__file__).resolve().parents[1]
LONGEST_FILE = 400  # lines; aim at 150 to 300
LONGEST_FUNCTION = 60
MOST_MODULES = 20


def _python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], cwd=REPO, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def _sources(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((REPO / folder).rglob("*.py"))]


def _documents() -> list[Path]:
    return [REPO / "README.md", *sorted((REPO / "docs").rglob("*.md"))]


# ---------------------------------------------------------------- cheap to start


def test_the_window_and_the_command_line_are_imported_without_torch() -> None:
    """The first frame and --help must not wait for it: worker threads and commands import the engine."""
    heavy = "[m for m in ('torch', 'torchmetrics', 'lightning_fabric') if m in sys.modules]"
    assert _python(f"import sys, app.window.main_window; print({heavy})") == "[]"
    assert _python(f"import sys, engine.cli; print({heavy})") == "[]"


def test_what_only_some_commands_need_is_imported_when_they_are_given() -> None:
    """A window stands on 200 modules of ours; what composes photos, most dialogs and their libraries come later."""
    late = (
        "app.dialogs.help.about", "app.dialogs.help.guide", "app.dialogs.label_map", "app.dialogs.morph",
        "app.dialogs.regions", "app.dialogs.templates", "app.dialogs.variations", "app.dialogs.weights", "app.studio",
        "engine.compose.change", "engine.compose.composition", "engine.devices", "engine.memory",
        "engine.requests.inpaint", "engine.weights.manage", "importlib.metadata", "psutil", "xml.dom.minidom",
    )  # fmt: skip
    code = f"import sys, app.__main__; print([name for name in {late} if name in sys.modules])"
    assert _python(code) == "[]"


def test_the_engine_works_where_qt_is_not_installed() -> None:
    code = (
        "import importlib, pkgutil, sys\n"
        "sys.modules['PySide6'] = sys.modules['shiboken6'] = None\n"
        "import engine\n"
        "for m in pkgutil.walk_packages(engine.__path__, 'engine.'):\n"
        "    if not m.name.endswith('__main__'): importlib.import_module(m.name)\n"
    )
    _python(code)


# ---------------------------------------------------------------- one story per file


def test_files_stay_short_enough_to_read() -> None:
    counts = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in _sources("app", "engine")}
    assert {str(path.relative_to(REPO)): n for path, n in counts.items() if n > LONGEST_FILE} == {}


def test_functions_fit_a_screen() -> None:
    lengths = {
        f"{path.relative_to(REPO)}: {node.name}": node.end_lineno - node.lineno + 1
        for path in _sources("app", "engine")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.end_lineno is not None
    }
    assert {name: length for name, length in lengths.items() if length > LONGEST_FUNCTION} == {}


def test_packages_have_no_more_modules_than_one_can_look_over() -> None:
    counts = {}
    for package in {path.parent for path in _sources("app", "engine")}:
        modules = [path for path in package.glob("*.py") if path.name != "__init__.py"]
        counts[package.relative_to(REPO).as_posix()] = len(modules)
    assert {name: count for name, count in counts.items() if count > MOST_MODULES} == {}


def test_every_module_of_the_engine_is_used() -> None:
    """By an import, or by the path that names one of its parts ("engine.systems.sean.task:make_task")."""
    users = _sources("app", "engine", "tools")
    named = {name for path in users for name in re.findall(r"\bengine(?:\.\w+)+", _modules_named_in(path))}
    own = {".".join(path.relative_to(REPO).with_suffix("").parts) for path in _sources("engine")}
    entries = {name for name in own if name.endswith(("__init__", "__main__"))}
    assert {name for name in own - entries if name not in named} == set()


def _modules_named_in(path: Path) -> str:
    """What a module imports or names by path, "package.module" each on its line."""
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{imported.name}" for imported in node.names)]
        elif isinstance(node, ast.Import):
            names += [imported.name for imported in node.names]
        elif isinstance(node, ast.JoinedStr):  # f"{FOLDER}.task:make_task" in a system's folder
            folder = ".".join(path.parent.relative_to(REPO).parts)
            names.append(ast.unparse(node).replace("{FOLDER}", folder))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and ":" in node.value:
            names.append(node.value)
    return "\n".join(names)


def test_what_work_reports_by_has_one_type() -> None:
    """`engine.progress.Progress`, and `Report` beside it, which a request is called with."""
    written = [path for path in _sources("app", "engine") if "Callable[[float, str], " in path.read_text("utf-8")]
    assert [path.relative_to(REPO).as_posix() for path in written] == ["engine/progress.py", "engine/requests/base.py"]


def test_classes_of_the_application_stand_on_one_class_of_ours_at_most() -> None:
    """Two floors: what a reader must hold in mind is one class and the one below it. Errors and protocols count too."""
    sources = {_module(path): path.read_text("utf-8") for path in _sources("app")}
    assert {name: count for name, count in _floors(sources).items() if count > 2} == {}


THIRD_FLOOR_ALLOWED = {
    "engine.errors": "what is wrong with weights, a label map or a photo is wrong with a file",
    "engine.training.run.checkpoint": "the same of trainings",
    "engine.requests": "a kind of request; requests share `replace` with the styles and label maps in them",
    "engine.data": "pictures that have a class or sentences too are read as pictures are",
}


def test_classes_of_the_engine_stand_on_one_class_of_ours_at_most() -> None:
    """But for three floors in the modules that are named above, each with its reason."""
    floors = _floors({_module(path): path.read_text("utf-8") for path in _sources("engine")})
    tall = {name: count for name, count in floors.items() if count > 2}
    allowed = tuple(f"{module}." for module in THIRD_FLOOR_ALLOWED)
    assert {name: count for name, count in tall.items() if count > 3 or not name.startswith(allowed)} == {}
    assert all(any(name.startswith(module) for name in tall) for module in allowed)


def test_tasks_and_their_configs_stand_on_one_class_of_ours_at_most() -> None:
    """What a system trains with is read in two places: its own task, and what it stands on."""
    floors = _floors({_module(path): path.read_text("utf-8") for path in _sources("engine")})
    tasks = {name: count for name, count in floors.items() if _trains(name)}
    assert {name: count for name, count in tasks.items() if count > 2} == {}
    assert "engine.training.adversarial.AdversarialTask" in tasks


def _trains(class_name: str) -> bool:
    module_name = class_name.rpartition(".")[0]
    is_training = module_name.startswith("engine.training.") and not module_name.startswith("engine.training.run.")
    return is_training or (module_name.startswith("engine.systems.") and module_name.endswith(".task"))


def test_floors_are_counted_by_file_and_name() -> None:
    """Two classes of one name are two, and a base is the one that its file defines or imports."""
    sources = {
        "app.one": "class Base: ...\nclass Panel(Base): ...",
        "app.two": "from app.one import Panel as Below\nclass Panel(Below): ...\nclass Dock(app.one.Panel): ...",
        "app.three": "from elsewhere import Base\nclass Panel(Base): ...",
    }
    assert _floors(sources) == {
        "app.one.Base": 1, "app.one.Panel": 2, "app.two.Panel": 3, "app.two.Dock": 3, "app.three.Panel": 1,
    }  # fmt: skip


def _module(path: Path) -> str:
    return ".".join(path.relative_to(REPO).with_suffix("").parts).removesuffix(".__init__")


def _floors(sources: dict[str, str]) -> dict[str, int]:
    """How many of these modules' classes stand on each other, the class itself counted, by dotted name."""
    bases: dict[str, list[str]] = {}
    for module, source in sources.items():
        tree = ast.parse(source)
        origins = {
            imported.asname or imported.name: f"{node.module}.{imported.name}"
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
            for imported in node.names
        }
        origins |= {
            imported.asname: imported.name
            for node in ast.walk(tree)
            if isinstance(node, ast.Import)
            for imported in node.names
            if imported.asname
        }
        classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
        origins |= {node.name: f"{module}.{node.name}" for node in classes}
        for node in classes:
            written = [ast.unparse(base).split("[")[0].partition(".") for base in node.bases]
            bases[f"{module}.{node.name}"] = [
                origins.get(first, first) + dot + rest for first, dot, rest in written
            ]

    def count(name: str) -> int:
        return 1 + max((count(base) for base in bases[name] if base in bases), default=0)

    return {name: count(name) for name in bases}


def test_parameters_and_locals_say_what_they_hold() -> None:
    """`other` is what Python calls the second of two of a kind; fields and properties may have any of these names."""
    vague = {"found", "near", "part", "whole", "told", "one", "thing"}
    lines: list[str] = []
    for path in _sources("app", "engine"):
        for function in ast.walk(ast.parse(path.read_text("utf-8"))):
            for node in ast.walk(function) if isinstance(function, ast.FunctionDef | ast.Lambda) else ():
                stored = isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
                name = node.id if stored else node.arg if isinstance(node, ast.arg) else ""
                if name in vague:
                    lines.append(f"{path.relative_to(REPO)}:{node.lineno} {name}")
    assert lines == []


def test_no_path_is_opened_by_opencv() -> None:
    """cv2.imread and imwrite fail on paths with Chinese characters on Windows: decode bytes instead."""
    opens = re.compile(r"cv2\.im(read|write)\(")
    assert [path for path in _sources("app", "engine") if opens.search(path.read_text("utf-8"))] == []


def test_no_mime_data_of_ours_lies_on_the_clipboard() -> None:
    """Some platforms keep the clipboard in a C++ static, which deletes a Python object after Python has ended."""
    hands_over = re.compile(r"clipboard\(\)\.setMimeData\(")
    assert [path for path in _sources("app", "tests") if hands_over.search(path.read_text("utf-8"))] == []


def test_no_pickle_is_loaded_without_weights_only() -> None:
    loads = re.compile(r"torch\.load\((?:[^()]|\([^()]*\))*\)")
    for path in _sources("app", "engine"):
        for call in loads.findall(path.read_text("utf-8")):
            assert "weights_only=True" in call, f"{path}: {call}"


# ---------------------------------------------------------------- one list of systems

NAMING_ALLOWED = {
    "engine/metrics/names.py": "what an evaluation calls the judge that parses reconstructions, by its name for people",
    "engine/metrics/perceptual.py": "a word of recipes: the perceptual loss compares by the encoder of a parser",
}


def test_only_systems_name_a_system() -> None:
    """In a string that is no docstring ("sean-faces" counts) or an import: all else asks `engine.systems`."""
    offenders: dict[str, list[str]] = {}
    for path in _sources("app", "engine"):
        place = path.relative_to(REPO).as_posix()
        if not place.startswith("engine/systems/") and (lines := _namings(path.read_text("utf-8"))):
            offenders[place] = lines
    assert {place: lines for place, lines in offenders.items() if place not in NAMING_ALLOWED} == {}
    assert offenders.keys() >= NAMING_ALLOWED.keys() and len(NAMING_ALLOWED) <= 2


@pytest.mark.parametrize(
    "source",
    [
        "from engine.systems import sean",
        "from engine.systems import abilities, spade as painter",
        "from engine import systems\nsystems.sean",
        "from engine.systems.smis.network import SMIS",
        "import engine.systems.sean",
        "import engine.systems.sean.network as network",
        "load_part('engine.systems.sean.network:Generator')",
        "weights = 'SEAN-faces'",
        "title = 'Pix2PixHD'",
        "weights = f'spade-{size}'",
    ],
)
def test_every_way_to_name_a_system_is_seen(source: str) -> None:
    assert len(_namings(source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        '"""SEAN, section 3."""',
        "from engine.systems import abilities, system",
        "import engine.systems",
        "from engine.nn.sean import SEAN",
        "message = 'There is no parser for these labels.'",
        "message = 'Parser'",
        "word = 'spades'",
    ],
)
def test_what_names_no_system_is_left_in_peace(source: str) -> None:
    assert _namings(source) == []


def _namings(source: str) -> list[str]:
    """Where a module outside engine/systems names a system, each with its line."""
    from engine.systems import all_systems

    ids = "|".join(entry.id.replace("-", "_") for entry in all_systems())  # their folders
    titles = {name for entry in all_systems() for name in (entry.id, entry.title)} - {"Parser", "parser"}
    title = re.compile(rf"(?<![\w.])({'|'.join(map(re.escape, sorted(titles)))})(?!\w)", re.IGNORECASE)
    parser_weights = re.compile(r"parser(-\w+)?")  # in a sentence it is a plain word
    module = re.compile(rf"\bengine\.systems\.({ids})\b", re.IGNORECASE)
    tree = ast.parse(source)
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    namings = []
    for node in ast.walk(tree):
        texts: list[str] = []
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            if title.search(node.value) or parser_weights.fullmatch(node.value) or module.search(node.value):
                texts = [node.value]
        elif isinstance(node, ast.ImportFrom):
            texts = [f"{node.module}.{imported.name}" for imported in node.names]
            texts = [text for text in texts if module.search(text)][:1]
        elif isinstance(node, ast.Import):
            texts = [imported.name for imported in node.names if module.search(imported.name)]
        elif isinstance(node, ast.Attribute) and re.fullmatch(rf"(engine\.)?systems\.({ids})", ast.unparse(node)):
            texts = [ast.unparse(node)]
        namings += [f"line {node.lineno}: {text[:60]}" for text in texts]
    return namings


# ---------------------------------------------------------------- documents that stay true


def test_documents_link_to_files_that_exist() -> None:
    for page in _documents():
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text("utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.relative_to(REPO)} links to {target}"


def test_the_house_is_told_on_one_page() -> None:
    assert len((REPO / "docs" / "architecture.md").read_text("utf-8").split()) <= 1000


def test_paths_and_modules_in_backticks_exist() -> None:
    """In docstrings, comments and documents: `docs/page.md`, `engine/folder`, `engine.module` (and what it has)."""
    path = re.compile(r"`((?:app|docs|engine|resources|tests|tools|weights)/[\w./-]*)`")
    module = re.compile(r"`((?:app|engine)(?:\.\w+)+)`")
    gone = []
    for page in [*_documents(), *_sources("app", "engine", "tests", "tools"), REPO / "run.py"]:
        text = page.read_text("utf-8")
        gone += [f"{page.relative_to(REPO)}: {name}" for name in path.findall(text) if not (REPO / name).exists()]
        gone += [f"{page.relative_to(REPO)}: {name}" for name in module.findall(text) if not _is_there(name)]
    examples = {f"tests/test_house.py: {name}" for name in ("docs/page.md", "engine/folder", "engine.module")}
    assert sorted(set(gone) - examples) == []


def _is_there(name: str) -> bool:
    """Whether a dotted name is a package, a module or a name that its module writes."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        place = REPO.joinpath(*parts[:length])
        file = place.with_suffix(".py") if place.with_suffix(".py").is_file() else place / "__init__.py"
        if file.is_file():
            return all(re.search(rf"\b{part}\b", file.read_text("utf-8")) for part in parts[length:])
    return False


def test_commands_in_the_documents_and_in_run_py_are_those_of_the_command_line() -> None:
    sys.path.insert(0, str(REPO))
    try:
        import run
    finally:
        sys.path.remove(str(REPO))
    from engine.cli import app

    real = {command.name for command in (*app.registered_commands, *app.registered_groups)}
    assert set(run.COMMANDS) == real
    named = re.compile(r"^ *(?:python3 run\.py|tessera) ([a-z]+)", re.MULTILINE)
    for page in _documents():
        for word in named.findall(page.read_text("utf-8")):
            assert word in real | {"test"}, f"{page.relative_to(REPO)} names the command {word}"


# ---------------------------------------------------------------- the guards


def test_a_socket_cannot_be_opened() -> None:
    for address in (("192.0.2.1", 80), ("127.0.0.1", 9)):
        with pytest.raises(network.NetworkUsed):
            socket.create_connection(address)


def test_a_child_process_cannot_open_one_either() -> None:
    code = "import socket; socket.create_connection(('127.0.0.1', 9))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8")
    assert "NetworkUsed" in done.stderr


@pytest.mark.loopback
def test_a_test_marked_loopback_may_talk_to_this_machine_only() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        pass
    with pytest.raises(network.NetworkUsed):
        socket.create_connection(("192.0.2.1", 80))


@pytest.mark.leaks_threads
def test_a_thread_left_running_is_named_with_the_place_that_started_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(leaks, "_PATIENCE_S", 0.0)
    before = leaks.Snapshot()
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait, name="forgotten")
    thread.start()
    try:
        (line,) = before.leaks()
        assert "forgotten" in line and "test_house.py" in line
    finally:
        stop.set()
        thread.join()
    assert before.leaks() == []


def test_qt_warnings_leaks_and_sockets_fail_a_test(pytester: pytest.Pytester) -> None:
    """The wiring of tests/conftest.py, seen from outside: each of these tests fails, with its reason."""
    pytester.makeconftest("pytest_plugins = ['tests.conftest']")
    pytester.makefile(".toml", pyproject=(REPO / "pyproject.toml").read_text("utf-8"))
    pytester.makepyfile(
        test_inner="""
        import socket, threading, warnings
        from PySide6.QtCore import QObject, QThread, QTimer, qWarning

        kept = []

        def test_warns(): qWarning("a warning of Qt")
        def test_python_warns(): warnings.warn("a warning of Python")
        def test_connects(): socket.create_connection(("192.0.2.1", 80))
        def test_leaves_a_timer(qapp):
            kept.append(QTimer())
            kept[-1].setObjectName("late")
            kept[-1].start(60_000)
        def test_leaves_a_qt_thread(qapp, monkeypatch):
            from tests.guards import leaks
            leaks._PATIENCE_S = 0.0
            kept.append(QThread())
            kept[-1].setObjectName("busy")
            kept[-1].start()
        def test_is_clean(qapp):
            kept[-1].quit(); kept[-1].wait()
            timer = QTimer(); timer.start(60_000); timer.stop()
        """
    )
    result = pytester.runpytest_subprocess("test_inner.py", "-o", f"pythonpath={REPO}")
    result.assert_outcomes(passed=3, failed=3, errors=2)
    for reason in ("warning of Qt", "warning of Python", "NetworkUsed", "QTimer 'late'", "QThread 'busy'"):
        result.stdout.fnmatch_lines([f"*{reason}*"])


@pytest.mark.xvfb
def test_a_child_shows_a_real_window_on_the_x_server_of_the_tests(xvfb_display: str) -> None:
    code = (
        "from PySide6.QtWidgets import QApplication, QWidget\n"
        "app = QApplication([])\n"
        "window = QWidget()\n"
        "window.show()\n"
        "app.processEvents()\n"
        "print(app.platformName(), window.isVisible(), app.primaryScreen().size().toTuple())\n"
    )
    environment = {**os.environ, "DISPLAY": xvfb_display, "QT_QPA_PLATFORM": "xcb"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, encoding="utf-8")
    assert done.stdout.strip() == "xcb True (1600, 1000)", done.stderr
