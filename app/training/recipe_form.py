"""Choosing a recipe, one that comes with Tessera or a file, and changing its key numbers for this run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QFormLayout, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from app.panels.widgets import muted_label
from app.shell.i18n import mark, tr
from app.shell.icons import icons
from app.texts.system_names import system_text
from app.texts.translate import translate
from app.training.fields import NumberEdit
from app.training.state.recipe_choice import NUMBERS, PRECISIONS, RecipeChoice
from app.training.state.run_folder import CONFIG
from engine.training.recipe import Recipe

TEXTS: dict[str, tuple[str, str]] = {
    "steps": (mark("Steps"), mark("How many steps the run has; each takes one batch")),
    "batch": (mark("Batch"), mark("Pictures per step; fewer need less memory")),
    "seed": (mark("Seed"), mark("What all randomness of the run follows from")),
    "sample_every": (mark("Samples every"), mark("Steps between two sample sheets")),
    "validate_every": (
        mark("Validation every"),
        mark("Steps between two measurements; the best state is kept"),
    ),
    "checkpoint_every": (
        mark("Checkpoint every"),
        mark("A crash or a power cut loses at most this many steps"),
    ),
}


class RecipeForm(QWidget):
    """Shows a `RecipeChoice` and changes it."""

    changed = Signal()

    def __init__(self, recipe: RecipeChoice, ask: Callable[[], Path | None], parent: QWidget | None = None) -> None:
        """`ask` asks for a recipe file."""
        super().__init__(parent)
        self._recipe = recipe
        self._ask = ask
        self._edits: dict[str, NumberEdit] = {}
        self._unfolded = False
        self.system = QComboBox()
        self.system.setAccessibleName(self.tr("Model system"))
        for system in recipe.recipes:
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
        self.about = muted_label()
        self.about.setWordWrap(True)
        self.about.setAccessibleName(self.tr("About the recipe"))
        self.problem = QLabel()
        self.problem.setWordWrap(True)
        self.problem.setAccessibleName(self.tr("What is wrong"))
        self.problem.hide()
        self._numbers = QWidget()
        QFormLayout(self._numbers)
        self._build()
        if recipe.recipes:
            self._choose_system(next(iter(recipe.recipes)))

    def _build(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self.choice, 1)
        row.addWidget(self.file)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.system)
        column.addLayout(row)
        column.addWidget(self.about)
        column.addWidget(self.problem)
        column.addWidget(self._numbers)

    # --- recipes ------------------------------------------------------------------------------------

    def load(self, source: str | Path) -> None:
        """Choose a recipe by name or file, or that of a run (its config.json)."""
        self._recipe.load(source)
        self._show()

    def _choose_system(self, system: str) -> None:
        self._recipe.choose_system(system)
        self._show()

    def _choose_file(self) -> None:
        path = self._ask()
        if path is not None:
            self.load(path)

    # --- showing ------------------------------------------------------------------------------------

    def _show(self) -> None:
        """What is chosen now; a recipe that does not read says why."""
        base, problem = self._recipe.base, self._recipe.problem
        self._show_system(self._recipe.system)
        self.choice.setCurrentIndex(self._index(self._recipe.source))
        self.problem.setText(translate(problem))
        self.problem.setVisible(bool(problem))
        self.about.setText(tr(base.note) if base is not None else "")
        self.about.setVisible(base is not None and bool(base.note))
        self._fill()
        self.changed.emit()

    def _show_system(self, system: str) -> None:
        """The recipes of a system; a file of the user's own stays in the list."""
        if self.system.findData(system) < 0:
            self.system.addItem(system_text(system), system)
        self.system.setCurrentIndex(self.system.findData(system))
        if self.choice.property("system") != system:
            self.choice.setProperty("system", system)
            self.choice.clear()
            for name in self._recipe.recipes.get(system, []):
                self.choice.addItem(name, name)

    def _index(self, source: str | Path) -> int:
        """The row of a recipe, a new one for a file; -1 for none."""
        if not source:
            return -1
        for row in range(self.choice.count()):
            if str(self.choice.itemData(row)) == str(source):
                return row
        path = Path(source)
        self.choice.addItem(path.parent.name if path.name == CONFIG else path.name, source)
        row = self.choice.count() - 1
        self.choice.setItemData(row, str(source), Qt.ItemDataRole.ToolTipRole)
        return row

    def _fill(self) -> None:
        """The numbers of the recipe as fields, those of its [task] behind the common ones."""
        self._edits.clear()
        old_numbers = self._numbers
        self._numbers = QWidget()
        form = _form(self._numbers)
        base = self._recipe.base
        if base is not None:
            form.addRow(muted_label(self.tr("Resolution")), QLabel(f"{base.resolution} × {base.resolution}"))
            for key in NUMBERS:
                text, tip = TEXTS[key]
                edit = NumberEdit(tr(text), getattr(base, key), whole=True, least=0 if key == "seed" else 1)
                edit.setToolTip(tr(tip))
                self._add(form, key, tr(text), edit)
            form.addRow(muted_label(self.tr("Precision")), self._precision(base.precision))
            form.addRow(self._losses(base))
        layout = self.layout()
        assert layout is not None
        layout.replaceWidget(old_numbers, self._numbers)
        old_numbers.hide()  # at once: deleting waits for the event loop
        old_numbers.deleteLater()

    def _losses(self, base: Recipe) -> QWidget:
        """The numbers of the recipe's [task], folded until wanted: losses' weights, learning rates ..."""
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        inside = QWidget()
        form = _form(inside)
        for key, value in self._recipe.losses().items():
            edit = NumberEdit(key, value, whole=False)
            edit.setToolTip(self.tr("{0} in the recipe's [task]").format(key))
            self._add(form, f"task.{key}", key, edit)
        self.fold = QToolButton()
        self.fold.setText(self.tr("Rates and weights of the losses"))
        self.fold.setCheckable(True)
        self.fold.setProperty("flat", True)
        self.fold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        fold = self.fold

        def show(unfolded: bool) -> None:
            self._unfolded = unfolded
            inside.setVisible(unfolded)
            icons().bind(fold, "chevron-down" if unfolded else "chevron-right")

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
        box.activated.connect(lambda _: self._set_precision(box.currentData()))
        return box

    def _add(self, form: QFormLayout, key: str, text: str, edit: NumberEdit) -> None:
        self._edits[key] = edit
        edit.textChanged.connect(lambda _: self._set_number(key, edit.value))
        form.addRow(muted_label(text), edit)

    # --- changing -----------------------------------------------------------------------------------

    def _set_number(self, key: str, number: float | None) -> None:
        self._recipe.set_number(key, number)
        self.changed.emit()

    def _set_precision(self, precision: str) -> None:
        self._recipe.set_precision(precision)
        self.changed.emit()


def _form(parent: QWidget) -> QFormLayout:
    form = QFormLayout(parent)
    form.setContentsMargins(0, 2, 0, 0)
    form.setHorizontalSpacing(10)
    form.setVerticalSpacing(5)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    return form
