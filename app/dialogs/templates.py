"""New from template: a gallery of the label maps that come with Tessera."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QSpinBox,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from app.document.opening import Gallery, sides_for, stride_of
from app.imaging.pixels import to_qimage
from app.panels.widgets import muted_label, set_primary
from app.shell.i18n import CHINESE, language
from app.texts.label_names import set_name
from engine.errors import EngineError
from engine.labels.label_maps import read_label_map, resize_label_map
from engine.labels.label_sets import LabelSet

SIDE = 144
LEAST, MOST = 64, 2048  # pixels of an empty map's sides


class TemplateDialog(QDialog):
    """Shows templates and an empty map, and asks for the size; a tab for each set of labels where there are several."""

    chosen = Signal(object, object)  # (H, W) uint8 label map of the size that was asked for, Gallery

    def __init__(self, galleries: Sequence[Gallery], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._galleries = tuple(galleries)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("New from template"))
        self.resize(760, 560)
        self._maps: list[np.ndarray] = []
        self.list = QListWidget()
        self.list.setObjectName("gallery")
        self.list.setAccessibleName(self.tr("Templates"))
        self.list.setViewMode(QListWidget.ViewMode.IconMode)
        self.list.setIconSize(QSize(SIDE, SIDE))
        self.list.setResizeMode(QListWidget.ResizeMode.Adjust)
        self.list.setMovement(QListWidget.Movement.Static)
        self.list.setSpacing(10)
        self.list.setUniformItemSizes(True)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.list.itemActivated.connect(self.accept)
        self.tabs = QTabBar()
        self.tabs.setAccessibleName(self.tr("What the label map shows"))
        self.tabs.setExpanding(False)
        self.tabs.setDrawBase(False)
        for gallery in self._galleries:
            self.tabs.addTab(set_name(gallery.label_set))
        self.tabs.setVisible(len(self._galleries) > 1)
        self.tabs.currentChanged.connect(self._show)
        self.sizes = self._build_size()
        self.list.currentRowChanged.connect(self._propose_size)
        self._show()
        hint_label = muted_label(self.tr("The label map becomes a new document."))
        hint_label.setWordWrap(True)
        button_box = QDialogButtonBox()
        button_box.addButton(QDialogButtonBox.StandardButton.Cancel)
        make_button = button_box.addButton(self.tr("Make document"), QDialogButtonBox.ButtonRole.AcceptRole)
        make_button.setAccessibleName(self.tr("Make document"))
        button_box.accepted.connect(self.accept)
        button_box.rejected.connect(self.reject)
        column_layout = QVBoxLayout(self)
        column_layout.setContentsMargins(16, 16, 16, 12)
        column_layout.setSpacing(10)
        column_layout.addWidget(self.tabs)
        column_layout.addWidget(self.list, 1)
        column_layout.addWidget(self.sizes)
        column_layout.addWidget(hint_label)
        column_layout.addWidget(button_box)
        set_primary(make_button)

    def _build_size(self) -> QWidget:
        self.width_box, self.height_box = QSpinBox(), QSpinBox()
        for box, name in ((self.width_box, self.tr("Width")), (self.height_box, self.tr("Height"))):
            box.setAccessibleName(name)
            box.editingFinished.connect(partial(self._fit, box))
            box.valueChanged.connect(partial(self._keep_form, box))
        row = QWidget()
        row_layout = QHBoxLayout(row)
        row_layout.setContentsMargins(0, 0, 0, 0)
        row_layout.addWidget(QLabel(self.tr("Size in pixels")))
        row_layout.addWidget(self.width_box)
        row_layout.addWidget(QLabel("×"))
        row_layout.addWidget(self.height_box)
        row_layout.addStretch(1)
        return row

    def _propose_size(self, row: int) -> None:
        """The size, in the form of the row's map, that the weights of the gallery know best."""
        if not 0 <= row < len(self._maps):
            return  # the list is filled anew
        stride = stride_of(self.gallery.abilities)
        height, width = self._maps[row].shape
        sides = sides_for(height, width, self.gallery.abilities)
        for box, side in zip((self.height_box, self.width_box), sides):
            with QSignalBlocker(box):
                box.setRange(-(-LEAST // stride) * stride, MOST // stride * stride)
                box.setSingleStep(stride)
                box.setValue(side)

    def _keep_form(self, box: QSpinBox, side: int) -> None:
        """A template is not stretched: its other side follows. An empty map has any form."""
        row = self.list.currentRow()
        if not 0 <= row < len(self._maps) - 1:
            return
        height, width = self._maps[row].shape
        other_box = self.height_box if box is self.width_box else self.width_box
        factor = height / width if box is self.width_box else width / height
        side = min(side, int(MOST / factor))  # the longer side has the limit
        with QSignalBlocker(box), QSignalBlocker(other_box):
            box.setValue(side)
            other_box.setValue(round(side * factor))
        self._fit(other_box)

    def _fit(self, box: QSpinBox) -> None:
        """Sides are whole strides: another size would be painted smaller or larger than it is drawn."""
        stride = stride_of(self.gallery.abilities)
        with QSignalBlocker(box):
            box.setValue(round(box.value() / stride) * stride)

    @property
    def gallery(self) -> Gallery:
        """The one that is shown."""
        return self._galleries[max(0, self.tabs.currentIndex())]

    def _show(self, *_: object) -> None:
        """Show the templates of the chosen set."""
        self.list.clear()
        self._maps.clear()
        label_set = self.gallery.label_set
        for template in self.gallery.templates:
            template_title = template.title_zh if language() == CHINESE else template.title
            try:
                self._add(template_title, read_label_map(template.path, label_set).label_map, label_set)
            except EngineError:
                continue  # made for other labels
        self._add(self.tr("Empty"), np.zeros((SIDE, SIDE), np.uint8), label_set)
        self.list.setCurrentRow(0)
        self._propose_size(0)

    def _add(self, template_title: str, label_map: np.ndarray, label_set: LabelSet) -> None:
        scale_factor = SIDE / max(label_map.shape)
        height, width = (max(1, round(side * scale_factor)) for side in label_map.shape)
        reduced_map = resize_label_map(label_map, height, width)
        pixmap = QPixmap.fromImage(to_qimage(label_set.palette()[reduced_map]))
        icon = QIcon(pixmap)
        icon.addPixmap(pixmap, QIcon.Mode.Selected)  # the labels' colours are not tinted
        list_item = QListWidgetItem(icon, template_title)
        list_item.setTextAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.list.addItem(list_item)
        self._maps.append(label_map)

    def accept(self, *_: object) -> None:
        """Emit ``chosen`` with the map at its size, and close."""
        row = self.list.currentRow()
        super().accept()
        if 0 <= row < len(self._maps):
            self._fit(self.height_box)
            self._fit(self.width_box)
            label_map = resize_label_map(self._maps[row], self.height_box.value(), self.width_box.value())
            self.chosen.emit(label_map, self.gallery)
