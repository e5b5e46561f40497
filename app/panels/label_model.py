"""The rows of the labels panel as a Qt model over the document."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt, QTimer

from app.document.document import Document
from app.panels.rows import Index, LabelRowsModel
from app.shell.i18n import tr
from app.texts.label_keys import label_keys
from app.texts.label_names import area_text, label_name

TINY_PIXELS = 20  # of a 256 x 256 map: below, a region is smaller than the coarsest cells the networks see


@dataclass(frozen=True)
class LabelRow:
    """What one row shows."""

    label: int
    name: str
    colour: tuple[int, int, int]
    key: str  # "1" to "9", or ""
    area: str
    present: bool
    hidden: bool
    locked: bool
    hint: str  # why the picture may not show this label; "" when it will


class LabelModel(LabelRowsModel):
    """One row per label: those on the keys 1 to 9 first, which are the same for every document of a label set; then
    the others, those that are in the map by their area. The order is made when the document is replaced and then
    stays while painting."""

    def __init__(self, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._order: list[int] = []
        self._keys: tuple[int, ...] = ()
        self._needle = ""
        self._labels: list[int] = []
        self._unlearnt: frozenset[int] = frozenset()
        self._refresh = QTimer(self)  # strokes change areas on every move; ten times a second is enough to read
        self._refresh.setSingleShot(True)
        self._refresh.setInterval(100)
        self._refresh.timeout.connect(self.redraw)
        document.replaced.connect(self.reorder)
        document.label_map_changed.connect(self._areas_changed)
        document.labels_changed.connect(self.redraw)
        self.reorder()

    # --- what the panel and the controllers ask -----------------------------------------------------

    def reorder(self) -> None:
        """Order the labels by the present areas."""
        areas = self._document.areas
        self._keys = label_keys(self._document.label_set)
        keyless_ids = [label.id for label in self._document.label_set.labels if label.id not in self._keys]
        self._order = [*self._keys, *sorted(keyless_ids, key=lambda label_id: (-int(areas[label_id]), label_id))]
        self._filter()

    def set_needle(self, text: str) -> None:
        """Show only labels whose English or Chinese name or id holds ``text``."""
        self._needle = text.strip().casefold()
        self._filter()

    def set_unlearnt(self, labels: frozenset[int]) -> None:
        """The labels that the weights have not learnt; they get a hint."""
        if labels != self._unlearnt:
            self._unlearnt = labels
            self.redraw()

    def label_for_key(self, digit_key: int) -> int | None:
        """The label on key 1 to 9."""
        return self._keys[digit_key - 1] if 1 <= digit_key <= len(self._keys) else None

    def row(self, label_id: int) -> LabelRow:
        """What the row of ``label_id`` shows."""
        document = self._document
        known_label = document.label_set.labels[label_id]
        present = int(document.areas[label_id]) > 0
        return LabelRow(
            label=label_id,
            name=label_name(known_label),
            colour=known_label.colour,
            key=str(self._keys.index(label_id) + 1) if label_id in self._keys else "",
            area=area_text(document.regions.share(label_id)),
            present=present,
            hidden=label_id in document.hidden,
            locked=label_id in document.locked,
            hint=self._hint(label_id, present),
        )

    def _hint(self, label_id: int, present: bool) -> str:
        if label_id in self._unlearnt:
            return tr("These weights have not learnt this label; they will guess.")
        region_pixels = int(self._document.areas[label_id])
        if present and region_pixels * 65536 < TINY_PIXELS * self._document.label_map.size:
            return tr("This region is too small to show in the picture.")
        return ""

    # --- Qt's side ----------------------------------------------------------------------------------

    def told(self, row: LabelRow, role: int) -> str | None:
        if role in (Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.AccessibleDescriptionRole):
            descriptions = [row.name, row.area, tr("key {0}").format(row.key) if row.key else ""]
            descriptions += [tr("hidden") if row.hidden else "", tr("locked") if row.locked else "", row.hint]
            return ", ".join(description for description in descriptions if description)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(row)
        return None

    def _tip(self, row: LabelRow) -> str:
        entry = self._document.label_set.labels[row.label]
        other_name = entry.name_zh if entry.name_zh != row.name else entry.name
        tip_lines = [f"{row.name} ({other_name}), {row.label}" if other_name else f"{row.name}, {row.label}"]
        if row.key:
            tip_lines.append(tr("Key {0}").format(row.key))
        tip_lines.append(row.hint or tr("Drop a picture here to use its style"))
        return "\n".join(tip_lines)

    def flags(self, index: Index) -> Qt.ItemFlag:
        usual_flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return usual_flags | Qt.ItemFlag.ItemIsDropEnabled if index.isValid() else Qt.ItemFlag.NoItemFlags

    # --- inside -------------------------------------------------------------------------------------

    def _filter(self) -> None:
        self.beginResetModel()
        labels = self._document.label_set.labels
        self._labels = [
            label_id
            for label_id in self._order
            if not self._needle
            or self._needle in labels[label_id].name.casefold()
            or self._needle in (labels[label_id].name_zh or "").casefold()
            or self._needle == str(label_id)
        ]
        self.endResetModel()

    def _areas_changed(self) -> None:
        if not self._refresh.isActive():
            self._refresh.start()
