"""Choosing a recipe, one that comes with Tessera or a file, and changing its key numbers for this run."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QFormLayout, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from app.shell.i18n import mark, tr
from app.shell.icons import icons
from app.texts.translate import translate
from app.training.fields import NumberEdit
from app.training.history import CONFIG, read_run
from engine.errors import BadFile, EngineError
from engine.training.recipe import Recipe, load_recipe, names, read_fields

KEYS: tuple[tuple[str, str, str], ...] = (
    ("steps", mark("Steps"), mark("How many steps the run has; each takes one batch")),
    ("batch", mark("Batch"), mark("Pictures per step; fewer need less memory")),
    ("seed", mark("Seed"), mark("What all randomness of the run follows from")),
    ("sample_every", mark("Samples every"), mark("Steps between two sample sheets")),
    ("validate_every", mark("Validation every"), mark("Steps between two measurements; the best state is kept")),
    ("checkpoint_every", mark("Checkpoint every"), mark("A crash or a power cut loses at most this many steps")),
)
PRECISIONS = ("32-true", "bf16-mixed", "16-mixed")
SYSTEMS = {
    "sean": "SEAN",
    "smis": "SMIS",
    "spade": "SPADE",
    "pix2pixhd": "pix2pixHD",
    "parser": mark("Parser (finds regions)"),
}


def system_text(system: str) -> str:
    """A system's name for people."""
    return tr(SYSTEMS.get(system, system))


def recipes_by_system() -> dict[str, list[str]]:
    """The names of the recipes that come with Tessera; one that does not read stands in none."""
    found: dict[str, list[str]] = {}
    for name in names():
        with suppress(EngineError):
            found.setdefault(load_recipe(name).system, []).append(name)
    for recipes in found.values():
        recipes.sort(key=lambda name: not name.endswith("-small"))  # the one to begin with; the rest by name
    order = list(SYSTEMS)
    return dict(sorted(found.items(), key=lambda item: order.index(item[0]) if item[0] in order else len(order)))


class RecipeForm(QWidget):
    """Shows a recipe; `recipe` gives it with the numbers as they were changed."""

    changed = Signal()

    def __init__(self, ask: Callable[[], Path | None], parent: QWidget | None = None) -> None:
        """`ask` asks for a recipe file."""
        super().__init__(parent)
        self._ask = ask
        self._loaded: Recipe | None = None
        self._source: str | Path = ""
        self._edits: dict[str, NumberEdit] = {}
        self._unfolded = False
        self._known = recipes_by_system()
        self.system = QComboBox()
        self.system.setAccessibleName(self.tr("Model system"))
        for system in self._known:
            self.system.addItem(system_text(system), system)
        self.system.activated.connect(lambda _: self._choose_system(self.system.currentData()))
        self.choice = QComboBox()
        self.choice.setAccessibleName(self.tr("Recipe"))
        self.choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.choice.setMinimumContentsLength(12)
        self.choice.activated.connect(lambda _: self.load(self.choice.currentData()))
        self.file = QToolButton()
        self.file.setAccessibleName(self.tr("Recipe file..."))
        self.file.setToolTip(self.tr("Choose a recipe file (.toml) of your own"))
        icons().bind(self.file, "open")
        self.file.clicked.connect(self._choose_file)
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self.choice, 1)
        row.addWidget(self.file)
        self.about = QLabel()
        self.about.setWordWrap(True)
        self.about.setProperty("muted", True)
        self.about.setAccessibleName(self.tr("About the recipe"))
        self.problem = QLabel()
        self.problem.setWordWrap(True)
        self.problem.setAccessibleName(self.tr("What is wrong"))
        self.problem.hide()
        self.precision = QComboBox()
        self._numbers = QWidget()
        QFormLayout(self._numbers)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.system)
        column.addLayout(row)
        column.addWidget(self.about)
        column.addWidget(self.problem)
        column.addWidget(self._numbers)
        if self._known:
            self._choose_system(next(iter(self._known)))

    # --- recipes ------------------------------------------------------------------------------------

    def load(self, source: str | Path) -> None:
        """Show a recipe by name or file, or that of a run (its config.json); one that does not read says why and
        cannot be started.
        """
        self._source = source
        try:
            self._loaded = _of_run(source) if Path(source).name == CONFIG else load_recipe(source)
        except EngineError as error:
            self._loaded = None
            self.problem.setText(translate(str(error)))
        if self._loaded is not None:
            self._show_system(self._loaded.system)
        self.choice.setCurrentIndex(self._index(source))
        self.problem.setVisible(self._loaded is None)
        self.about.setVisible(self._loaded is not None and bool(self._loaded.note))
        self.about.setText(tr(self._loaded.note) if self._loaded is not None else "")
        self._fill()
        self.changed.emit()

    @property
    def source(self) -> str | Path:
        """The name or the file of the recipe."""
        return self._source

    @property
    def base(self) -> Recipe | None:
        """The recipe as it was read; None if it does not read."""
        return self._loaded

    def changes(self) -> dict[str, Any] | None:
        """What the user changed, by the recipe's keys ("steps", "task.ema"); None while a number is wrong."""
        if self._loaded is None or any(edit.value is None for edit in self._edits.values()):
            return None
        found: dict[str, Any] = {key: edit.value for key, edit in self._edits.items() if edit.changed}
        if self.precision.currentData() != self._loaded.precision:
            found["precision"] = self.precision.currentData()
        return found

    def recipe(self) -> Recipe:
        """The recipe with the changes. Raises EngineError when it cannot be used."""
        if self._loaded is None:
            raise BadFile(self.tr("Choose a recipe that can be read."))
        raw = msgspec.to_builtins(self._loaded)
        for key, value in (self.changes() or {}).items():
            *parents, leaf = key.split(".")
            place = raw
            for parent in parents:
                place = place[parent]
            place[leaf] = value
        return read_fields(raw, Recipe, str(self._source))

    # --- inside -------------------------------------------------------------------------------------

    def _choose_system(self, system: str) -> None:
        self._show_system(system)
        self.load(self._known[system][0])

    def _show_system(self, system: str) -> None:
        """The recipes of a system; a file of the user's own stays in the list."""
        if self.system.findData(system) < 0:
            self.system.addItem(system_text(system), system)
        self.system.setCurrentIndex(self.system.findData(system))
        if self.choice.property("system") != system:
            self.choice.setProperty("system", system)
            self.choice.clear()
            for name in self._known.get(system, []):
                self.choice.addItem(name, name)

    def _index(self, source: str | Path) -> int:
        for i in range(self.choice.count()):
            if str(self.choice.itemData(i)) == str(source):
                return i
        path = Path(source)
        self.choice.addItem(path.parent.name if path.name == CONFIG else path.name, source)
        self.choice.setItemData(self.choice.count() - 1, str(source), 3)  # ToolTipRole
        return self.choice.count() - 1

    def _choose_file(self) -> None:
        path = self._ask()
        if path is not None:
            self.load(path)

    def _fill(self) -> None:
        """The numbers of the recipe as fields, those of its [task] behind the common ones."""
        self._edits.clear()
        old = self._numbers
        self._numbers = QWidget()
        form = _form(self._numbers)
        recipe = self._loaded
        if recipe is not None:
            form.addRow(_caption(self.tr("Resolution")), QLabel(f"{recipe.resolution} × {recipe.resolution}"))
            for key, text, tip in KEYS:
                value = getattr(recipe, key)
                edit = NumberEdit(tr(text), value, whole=True, least=0 if key == "seed" else 1)
                edit.setToolTip(tr(tip))
                self._add(form, key, tr(text), edit)
            self.precision = self._precision(recipe.precision)
            form.addRow(_caption(self.tr("Precision")), self.precision)
            form.addRow(self._more(recipe))
        layout = self.layout()
        assert layout is not None
        layout.replaceWidget(old, self._numbers)
        old.hide()  # at once: deleting waits for the event loop
        old.deleteLater()

    def _more(self, recipe: Recipe) -> QWidget:
        """The numbers of the recipe's [task], folded until wanted: losses' weights, learning rates ..."""
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        inside = QWidget()
        form = _form(inside)
        for key, value in recipe.task.items():
            if isinstance(value, int | float) and not isinstance(value, bool):
                edit = NumberEdit(key, value, whole=False)
                edit.setToolTip(self.tr("{0} in the recipe's [task]").format(key))
                self._add(form, f"task.{key}", key, edit)
        self.fold = QToolButton()
        self.fold.setText(self.tr("Rates and weights of the losses"))
        self.fold.setCheckable(True)
        self.fold.setProperty("flat", True)
        self.fold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        fold = self.fold

        def show(on: bool) -> None:
            self._unfolded = on
            inside.setVisible(on)
            icons().bind(fold, "chevron-down" if on else "chevron-right")

        fold.toggled.connect(show)
        show(self._unfolded)
        fold.setChecked(self._unfolded)
        column.addWidget(fold)
        column.addWidget(inside)
        box.setVisible(form.rowCount() > 0)
        return box

    def _precision(self, chosen: str) -> QComboBox:
        box = QComboBox()
        box.setAccessibleName(self.tr("Precision"))
        box.setToolTip(self.tr("bf16-mixed is faster where the device can; 32-true is the safest"))
        for name in PRECISIONS:
            box.addItem(name, name)
        box.setCurrentText(chosen)
        box.activated.connect(lambda _: self.changed.emit())
        return box

    def _add(self, form: QFormLayout, key: str, text: str, edit: NumberEdit) -> None:
        self._edits[key] = edit
        edit.textChanged.connect(lambda _: self.changed.emit())
        form.addRow(_caption(text), edit)


def _of_run(config: str | Path) -> Recipe:
    """The recipe that a run was begun with. Raises EngineError."""
    return read_fields(read_run(Path(config).parent).recipe, Recipe, str(config))


def _form(parent: QWidget) -> QFormLayout:
    form = QFormLayout(parent)
    form.setContentsMargins(0, 2, 0, 0)
    form.setHorizontalSpacing(10)
    form.setVerticalSpacing(5)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    return form


def _caption(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("muted", True)
    return label
