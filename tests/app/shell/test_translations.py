"""Every text that a user sees goes through tr() and has its Chinese."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from PySide6.QtWidgets import QWidget

from app.shell.i18n import install_language, translations
from engine.systems import all_systems
from engine.training.recipe import bundled_recipes, load_recipe
from tests.english import built_english, called, plain_reports, translated_early, tree_of

APP = Path(__file__).parents[3] / "app"
ENGINE = APP.parent / "engine"
MARKERS = {"tr", "_tr", "mark"}
SETTERS = {
    "setText",
    "setToolTip",
    "setWindowTitle",
    "setAccessibleName",
    "setAccessibleDescription",
    "setPlaceholderText",
    "setStatusTip",
    "addAction",
    "addMenu",
    "setSuffix",
    "setHorizontalHeaderLabels",
}
MAKERS = {"QPushButton", "QLabel", "QCheckBox", "QAction", "QGroupBox", "QRadioButton", "QDockWidget"}


def kinds_of_errors() -> set[str]:
    """Names of `EngineError` and all that derive from it, read off the class statements."""
    bases = {}
    for source in sources().values():
        for node in ast.walk(tree_of(source)):
            if isinstance(node, ast.ClassDef):
                bases[node.name] = {ast.unparse(base) for base in node.bases}
    kinds = {"EngineError"}
    while more := {name for name, parents in bases.items() if parents & kinds} - kinds:
        kinds |= more
    return kinds


def messages() -> Iterator[tuple[ast.expr, str]]:
    """The template of every error and message that engine and application make, and where it stands."""
    makers = kinds_of_errors() | {"Message"}
    for place, source in sources().items():
        for node in ast.walk(tree_of(source)):
            if isinstance(node, ast.Call) and called(node) in makers and node.args:
                argument = node.args[0]
                choices = [argument.body, argument.orelse] if isinstance(argument, ast.IfExp) else [argument]
                for choice in choices:
                    yield choice, f"{place}:{node.lineno}"


def templates() -> dict[str, str]:
    """Every template of engine and application, and where it stands."""
    return {template.value: where for template, where in messages() if isinstance(template, ast.Constant)}


@cache
def sources() -> dict[str, str]:
    """The sources of application and engine by their paths."""
    return {
        path.relative_to(APP.parent).as_posix(): path.read_text("utf-8")
        for folder in (APP, ENGINE)
        for path in sorted(folder.rglob("*.py"))
    }


def test_what_is_reported_of_a_job_is_translated():
    """Except by commands and benchmarks, which only the terminal shows."""
    shown = {place: text for place, text in sources().items() if not re.match("engine/(cli|bench)/", place)}
    assert plain_reports(shown, {"Message"} | MARKERS) == []


@pytest.mark.parametrize("call", ['work.progress(0.0, "reading")', 'a = "x y"\n    on_progress(0.5, f"{a}: cold")'])
def test_plain_english_in_a_report_is_found(call):
    assert plain_reports({"a": f"def read(work):\n    {call}"}, {"Message"}) != []


@pytest.mark.parametrize("call", ['work.progress(0.0, Message("reading"))', "report(0.5, text)", "work.progress(1.0)"])
def test_other_reports_are_left_in_peace(call):
    assert plain_reports({"a": f"def read(work, text):\n    {call}"}, {"Message"}) == []


def test_no_english_is_built_on_its_way_into_a_sentence():
    """Clauses are messages of their own: an f-string in any argument could not be translated."""
    assert built_english(sources(), kinds_of_errors() | {"Message"} | MARKERS) == []


@pytest.mark.parametrize(
    "built",
    [
        'raise BadFile(f"{path} is empty")',
        'raise BadFile("{0}: {1}", path, f"the key {path}")',
        'raise BadFile("{0}" + " is empty", path)',
        'clause = "the key " + path\n    raise BadFile("{0}", clause)',
        'clause = ""\n    clause += f", give {path}"\n    raise BadFile("{0}", clause)',
        'raise BadFile("{0}", " or ".join(path))',
        'raise BadFile("{0}", "no style" if path else path)',
        'clauses = []\n    clauses.append(f"{path} is missing")\n    raise BadFile("{0}", ", ".join(clauses))',
        'raise BadFile("{0}", _clause(path))\ndef _clause(path):\n    return f"the file {path}"',
        '_refuse(f"the file {path}")\ndef _refuse(called):\n    raise BadFile("{0} is empty", as_sentence(called))',
        'return tr("{0}").format(f"the file {path}")',
    ],
)
def test_every_way_to_build_english_is_seen(built):
    assert len(built_english({"a": f"def check(path):\n    {built}"}, {"BadFile", "tr"})) == 1


@pytest.mark.parametrize(
    "kept_apart",
    [
        'raise BadFile("{0} is empty", path, details=f"the key {path}")',
        'raise BadFile("{0}: {1}", path, Message("the key {0}", path))',
        'raise BadFile("{0} holds {1} values", f"{path}.json", f"{3:,}")',
        'line = "the key is " + path\n    print(line)\n    raise BadFile("{0}", path)',
        'kind = path.partition(" at ")\n    raise BadFile("{0}", kind)',
    ],
)
def test_what_can_be_translated_is_left_in_peace(kept_apart):
    assert built_english({"a": f"def check(path):\n    {kept_apart}"}, {"BadFile", "Message"}) == []


def test_messages_are_translated_where_they_are_shown():
    """And nowhere earlier: what is made of translated words has lost its template."""
    assert translated_early(sources(), kinds_of_errors() | {"Message"}, {"tr", "_tr", "translate"}) == []


@pytest.mark.parametrize(
    "early",
    [
        'raise BadRequest(tr("Choose a recipe."))',
        'raise BadRequest(tr("{0} is empty.").format(path))',
        'raise BadRequest("{0} is empty.", tr("The file"))',
        'sentence = tr("{0} is empty.")\n    raise BadRequest(sentence.format(path))',
    ],
)
def test_every_way_to_translate_early_is_seen(early):
    assert len(translated_early({"a": f"def check(path):\n    {early}"}, {"BadRequest"}, {"tr"})) == 1


def texts() -> dict[str, str]:
    """Every marked text of the application, every template and every shipped recipe's note, and where it stands."""
    found = {}
    for path in sorted(APP.rglob("*.py")):
        for node in ast.walk(tree_of(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and called(node) in MARKERS and node.args:
                argument = node.args[0]
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    found[argument.value] = f"{path.relative_to(APP)}:{node.lineno}"
    notes = {load_recipe(name).note: f"resources/recipes/{name}.toml" for name in bundled_recipes()}
    return found | templates() | notes


def test_every_text_has_its_chinese():
    table = translations("zh_CN")
    missing = {text: where for text, where in texts().items() if text not in table}
    assert missing == {}


def test_no_translation_is_left_over():
    titles = {system.title for system in all_systems()}  # most are the papers' own names, the same everywhere
    assert sorted(set(translations("zh_CN")) - set(texts()) - titles) == []


def test_translations_keep_placeholders_and_shortcut_marks():
    for text, translated in translations("zh_CN").items():
        assert sorted(re.findall(r"\{\d\}", text)) == sorted(re.findall(r"\{\d\}", translated)), text
        assert text.endswith("...") == translated.endswith("..."), text
        assert ("&" in text) == ("&" in translated), text


def test_no_text_is_shown_without_tr():
    """Constant texts given straight to a widget, apart from names that are the same in every language."""
    found = []
    for path in sorted(APP.rglob("*.py")):
        for node in ast.walk(tree_of(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or called(node) not in SETTERS | MAKERS or not node.args:
                continue
            argument = node.args[0]
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                if re.search(r"[A-Za-z]{2}", argument.value):
                    found.append(f"{path.relative_to(APP)}:{node.lineno} {argument.value!r}")
    assert found == []


def test_the_table_is_in_order():
    """Sorted and without doubles, so that two people's additions merge."""
    path = APP.parent / "resources" / "translations" / "zh_CN.json"
    pairs = json.loads(path.read_text("utf-8"), object_pairs_hook=list)
    keys = [key for key, _ in pairs]
    assert keys == sorted(set(keys))


@pytest.fixture
def chinese(qapp):
    install_language("zh_CN")
    yield
    install_language("en")


def test_widgets_and_qt_s_own_buttons_are_translated(chinese, qtbot):
    from PySide6.QtWidgets import QDialogButtonBox

    class Any(QWidget):
        def text(self):
            return self.tr("Undo"), self.tr("no such text")

    widget = Any()
    qtbot.addWidget(widget)
    assert widget.text() == (translations("zh_CN")["Undo"], "no such text")
    box = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
    qtbot.addWidget(box)
    assert re.search(r"[\u4e00-\u9fff]", box.buttons()[0].text())
