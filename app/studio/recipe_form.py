"""Choosing a recipe, one that comes with Tessera or a file, and changing its key numbers for this run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QFormLayout, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from app.panels.widgets import muted_label
from app.shell.i18n import mark, tr
from app.shell.icons import icons
from app.studio.fields import NumberEdit
from app.texts.system_names import system_text
from app.texts.translate import translate
from app.training.recipe_choice import FULL, NUMBERS, PRECISIONS, RecipeChoice
from app.training.run_folder import CONFIG
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

    def __init__(
        self, recipe_choice: RecipeChoice, ask_file: Callable[[], Path | None], parent: QWidget | None = None
    ) -> None:
        """`ask_file` asks for a recipe file."""
        super().__init__(parent)
        self._recipe = recipe_choice
        self._ask = ask_file
        self._edits: dict[str, NumberEdit] = {}
        self._unfolded = False
        self._half = True
        self._precision_box: QComboBox | None = None
        self.system = QComboBox()
        self.system.setAccessibleName(self.tr("Model system"))
        for system in recipe_choice.recipes:
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
        if recipe_choice.recipes:
            self._choose_system(next(iter(recipe_choice.recipes)))

    def _build(self) -> None:
        row_layout = QHBoxLayout()
        row_layout.setSpacing(4)
        row_layout.addWidget(self.choice, 1)
        row_layout.addWidget(self.file)
        column_layout = QVBoxLayout(self)
        column_layout.setContentsMargins(0, 0, 0, 0)
        column_layout.setSpacing(6)
        column_layout.addWidget(self.system)
        column_layout.addLayout(row_layout)
        column_layout.addWidget(self.about)
        column_layout.addWidget(self.problem)
        column_layout.addWidget(self._numbers)

    def field(self, recipe_key: str) -> NumberEdit:
        """The field of one of the recipe's numbers: "steps", "task.ema". Raises KeyError: there is none."""
        return self._edits[recipe_key]

    # --- recipes ------------------------------------------------------------------------------------

    def load(self, source: str | Path) -> None:
        """Choose a recipe by name or file, or that of a run (its config.json)."""
        self._recipe.load(source)
        self._show()

    def _choose_system(self, system: str) -> None:
        self._recipe.choose_system(system)
        self._show()

    def _choose_file(self) -> None:
        recipe_path = self._ask()
        if recipe_path is not None:
            self.load(recipe_path)

    # --- showing ------------------------------------------------------------------------------------

    def _show(self) -> None:
        """What is chosen now; a recipe that does not read says why."""
        base_recipe, problem = self._recipe.base, self._recipe.problem
        self._show_system(self._recipe.system)
        self.choice.setCurrentIndex(self._index(self._recipe.source))
        self.problem.setText(translate(problem))
        self.problem.setVisible(bool(problem))
        self.about.setText(tr(base_recipe.note) if base_recipe is not None else "")
        self.about.setVisible(base_recipe is not None and bool(base_recipe.note))
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
            for recipe_name in self._recipe.recipes.get(system, []):
                self.choice.addItem(recipe_name, recipe_name)

    def _index(self, source: str | Path) -> int:
        """The row of a recipe, a new one for a file; -1 for none."""
        if not source:
            return -1
        for row_number in range(self.choice.count()):
            if str(self.choice.itemData(row_number)) == str(source):
                return row_number
        recipe_path = Path(source)
        self.choice.addItem(recipe_path.parent.name if recipe_path.name == CONFIG else recipe_path.name, source)
        row_number = self.choice.count() - 1
        self.choice.setItemData(row_number, str(source), Qt.ItemDataRole.ToolTipRole)
        return row_number

    def _fill(self) -> None:
        """The numbers of the recipe as fields, those of its [task] behind the common ones."""
        self._edits.clear()
        self._precision_box = None
        old_numbers = self._numbers
        self._numbers = QWidget()
        form_layout = _form(self._numbers)
        base_recipe = self._recipe.base
        if base_recipe is not None:
            form_layout.addRow(
                muted_label(self.tr("Resolution")), QLabel(f"{base_recipe.resolution} × {base_recipe.resolution}")
            )
            for recipe_key in NUMBERS:
                caption, tip = TEXTS[recipe_key]
                edit = NumberEdit(
                    tr(caption), getattr(base_recipe, recipe_key), integer=True, least=0 if recipe_key == "seed" else 1
                )
                edit.setToolTip(tr(tip))
                self._add(form_layout, recipe_key, tr(caption), edit)
            form_layout.addRow(muted_label(self.tr("Precision")), self._precision(base_recipe.precision))
            form_layout.addRow(self._losses(base_recipe))
        layout = self.layout()
        assert layout is not None
        layout.replaceWidget(old_numbers, self._numbers)
        old_numbers.hide()  # at once: deleting waits for the event loop
        old_numbers.deleteLater()

    def _losses(self, base_recipe: Recipe) -> QWidget:
        """The numbers of the recipe's [task], folded until wanted: losses' weights, learning rates ..."""
        losses_box = QWidget()
        column_layout = QVBoxLayout(losses_box)
        column_layout.setContentsMargins(0, 0, 0, 0)
        column_layout.setSpacing(4)
        folded_fields = QWidget()
        form_layout = _form(folded_fields)
        for recipe_key, number in self._recipe.losses().items():
            edit = NumberEdit(recipe_key, number, integer=False)
            edit.setToolTip(self.tr("{0} in the recipe's [task]").format(recipe_key))
            self._add(form_layout, f"task.{recipe_key}", recipe_key, edit)
        self.fold = QToolButton()
        self.fold.setText(self.tr("Rates and weights of the losses"))
        self.fold.setCheckable(True)
        self.fold.setProperty("flat", True)
        self.fold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        fold_button = self.fold

        def show(unfolded: bool) -> None:
            self._unfolded = unfolded
            folded_fields.setVisible(unfolded)
            icons().bind(fold_button, "chevron-down" if unfolded else "chevron-right")

        fold_button.toggled.connect(show)
        show(self._unfolded)
        fold_button.setChecked(self._unfolded)
        column_layout.addWidget(fold_button)
        column_layout.addWidget(folded_fields)
        losses_box.setVisible(form_layout.rowCount() > 0)
        return losses_box

    def set_half(self, usable: bool) -> None:
        """Whether the chosen device computes in 16 bits at its speed; else single precision is all that is offered."""
        self._half = usable
        if self._precision_box is not None:
            self._fill_precisions(self._precision_box, self._precision_box.currentData())

    def _precision(self, chosen: str) -> QComboBox:
        precision_box = QComboBox()
        precision_box.setAccessibleName(self.tr("Precision"))
        precision_box.setToolTip(self.tr("bf16-mixed is faster where the device can; 32-true is the safest"))
        precision_box.activated.connect(lambda _: self._set_precision(precision_box.currentData()))
        self._fill_precisions(precision_box, chosen)
        self._precision_box = precision_box
        return precision_box

    def _fill_precisions(self, precision_box: QComboBox, chosen: str) -> None:
        precision_box.clear()
        for precision_name in PRECISIONS:
            if self._half or precision_name == FULL:
                precision_box.addItem(precision_name, precision_name)
            elif precision_name == chosen:  # what the recipe says: a run computes otherwise here
                text = self.tr("{0}, computed in {1} on this device").format(precision_name, FULL)
                precision_box.addItem(text, precision_name)
        precision_box.setCurrentIndex(precision_box.findData(chosen))

    def _add(self, form: QFormLayout, recipe_key: str, caption: str, edit: NumberEdit) -> None:
        self._edits[recipe_key] = edit
        edit.textChanged.connect(lambda _: self._set_number(recipe_key, edit.value))
        form.addRow(muted_label(caption), edit)

    # --- changing -----------------------------------------------------------------------------------

    def _set_number(self, recipe_key: str, number: float | None) -> None:
        self._recipe.set_number(recipe_key, number)
        self.changed.emit()

    def _set_precision(self, precision: str) -> None:
        self._recipe.set_precision(precision)
        self.changed.emit()


def _form(parent: QWidget) -> QFormLayout:
    form_layout = QFormLayout(parent)
    form_layout.setContentsMargins(0, 2, 0, 0)
    form_layout.setHorizontalSpacing(10)
    form_layout.setVerticalSpacing(5)
    form_layout.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    return form_layout
