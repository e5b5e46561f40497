"""Commands on the document as a whole, and on its chosen label."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QGuiApplication

from app.controllers.context import Context
from app.controllers.dice import new_seed
from app.document.document import BACKGROUND
from app.imaging.pixels import to_qimage
from app.panels.labels import LabelsPanel


def choose_first_label(context: Context) -> None:
    """Begin with a region of a photo that is restyled, else with the label that was chosen last, if the document shows
    it; else with the largest region that is not background, which is rarely painted first."""
    document = context.core.document
    if document.kind.lists_edits and document.styling.edits:
        document.set_current_region(document.styling.edits[0].label)
    if document.current_label != BACKGROUND:
        return
    areas = np.array(document.areas[: len(document.label_set)])
    last_chosen = context.core.settings.label(document.label_set.name)
    if 0 <= last_chosen < len(areas) and areas[last_chosen]:
        document.set_current_label(last_chosen)
        return
    areas[BACKGROUND] = 0
    if areas.any():
        document.set_current_label(int(areas.argmax()))


class EditController(QObject):
    """Shows the history, copies the picture, rolls the seed."""

    def __init__(self, context: Context, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._document = context.core.document

    @Slot()
    def history(self) -> None:
        """The steps of the document, beside the window."""
        from app.dialogs.history import HistoryDialog

        HistoryDialog(self._document, self._context.window).show()

    @Slot()
    def copy(self) -> None:
        """The picture to the clipboard."""
        picture = self._document.picture
        if picture is None:
            self._context.core.hub.notice(self.tr("There is no picture to copy yet; wait for the first render."))
            return
        QGuiApplication.clipboard().setImage(to_qimage(picture))
        self._context.status.show_message(self.tr("Picture copied"))

    @Slot()
    def new_seed(self) -> None:
        """A new random seed for the noise."""
        self._document.set_seed(new_seed())


class LabelsController(QObject):
    """Commands on the chosen label."""

    def __init__(self, context: Context, labels_panel: LabelsPanel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._catalogue = context.core.catalogue
        self._panel = labels_panel
        self._document = context.core.document
        self._settings = context.core.settings
        self._document.current_label_changed.connect(self._remember)
        self._document.replaced.connect(self._learnt_changed)
        self._document.weights_changed.connect(self._learnt_changed)
        self._catalogue.changed.connect(self._learnt_changed)
        self._learnt_changed()

    def choose_key(self, digit_key: int) -> None:
        """Choose the label on key 1 to 9."""
        label_id = self._panel.model.label_for_key(digit_key)
        if label_id is not None:
            self._document.set_current_label(label_id)

    @Slot()
    def toggle_hidden(self) -> None:
        label_id = self._document.current_label
        self._document.label_states.set_visible(label_id, label_id in self._document.hidden)

    @Slot()
    def solo(self) -> None:
        self._document.label_states.show_only(self._document.current_label)

    @Slot()
    def toggle_locked(self) -> None:
        label_id = self._document.current_label
        self._document.label_states.set_locked(label_id, label_id not in self._document.locked)

    @Slot()
    def search(self) -> None:
        self._panel.focus_search()

    def _remember(self, label_id: int) -> None:
        """The next start begins with the label that was chosen last."""
        self._settings.remember_label(self._document.label_set.name, label_id)

    def _learnt_changed(self, *_: object) -> None:
        self._panel.model.set_unlearnt(self._catalogue.unlearnt(self._document.weights))
