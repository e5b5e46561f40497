"""Beginning documents: from a template, a photo, a label map, a request; the sample of the first start."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, Slot

from app.controllers.context import Context
from app.controllers.dice import DiceController
from app.controllers.exports import UnsavedChanges
from app.controllers.restyle import RestyleController
from app.controllers.styles import StylesController
from app.dialogs.choices import Choice, ChoiceDialog
from app.dialogs.files import PICTURES
from app.dialogs.label_map import LabelMapDialog
from app.dialogs.regions import Purpose
from app.dialogs.templates import TemplateDialog
from app.document import opening as documents
from app.document.document import BACKGROUND
from app.document.opening import Found, Gallery, sample_path
from app.jobs.photos import Photo
from app.texts.label_names import set_name
from engine.errors import EngineError
from engine.labels.label_maps import read_label_map, resize_label_map
from engine.labels.label_sets import LabelSet
from engine.requests.styles import ImageStyle, Style


class NewController(QObject):
    """Makes the document another one; each way is one step that undo takes back, except at the start.

    Before a document with unsaved changes gives way the user is asked, whatever the new one is made of. The new one
    counts as saved while nothing is done to it, except one of a photo: its regions are the user's work.
    """

    def __init__(
        self,
        context: Context,
        styles: StylesController,
        unsaved: UnsavedChanges,
        restyle: RestyleController,
        dice: DiceController,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._document = context.core.document
        self._styles = styles
        self._unsaved = unsaved
        self._restyle = restyle
        self._dice = dice

    # --- commands -----------------------------------------------------------------------------------

    @Slot()
    def template(self) -> None:
        """Show the gallery of templates: those of the document's labels first, then those that other weights paint."""
        self._show_galleries(documents.galleries(self._document, self._context.core.catalogue))

    @Slot()
    def photo(self) -> None:
        """Ask for a photo and, where there is a choice, for what it shows; make a document of it."""
        path = self._context.ask.open("photo", self.tr("New from photo"), self._pictures())
        if path is None:
            return
        kinds = documents.photo_kinds(self._document, self._context.core.catalogue)
        if len(kinds) == 1:
            self.from_photo(path)
            return
        choices = [
            Choice(str(i), "photo", set_name(labels), self.tr("Painted by {0}").format(weights))
            for i, (labels, weights) in enumerate(kinds)
        ]
        title, question = self.tr("New from photo"), self.tr("What does {0} show?").format(path.name)
        dialog = ChoiceDialog(title, question, choices, parent=self._context.window)
        dialog.chosen.connect(lambda which: self.from_photo(path, *kinds[int(which)]))
        dialog.open()

    @Slot()
    def label_map(self) -> None:
        """Ask for a label map and make a document of it."""
        path = self._context.ask.open("map", self.tr("New from label map"), self._pictures())
        if path is not None:
            self.from_label_map(path)

    @Slot()
    def sample(self) -> None:
        """The document of the first start; the templates where there is none."""
        found = self._read_sample()
        if found is None:
            self.template()
        else:
            self.open(found, own=False)

    # --- from outside -------------------------------------------------------------------------------

    def first(self) -> None:
        """What the editor shows when it starts without a file: the sample, or the first template."""
        found = self._read_sample()
        if found is None or not self.restore(found, undoable=False, own=False):
            self._first_template()

    def open(self, found: Found, *, own: bool = True) -> None:
        """Become what a file holds, once nothing unsaved can be lost. Codes of weights that are no more are made
        anew first."""
        request = found.request
        if request is None or self._labels_of(found) is None:
            return

        def opened(styles: dict[int, Style]) -> None:
            renewed = replace(found, request=request.replace(styles=styles))
            self._unsaved.settle(lambda: self.restore(renewed, own=own))

        self._restyle.fresh(request.styles, request.weights, opened)

    def template_for(self, weights: str) -> None:
        """Show the templates of the labels that some weights paint; the one chosen begins a document for them."""
        try:
            labels = self._context.core.catalogue.label_set(weights)
        except EngineError as error:
            self._context.core.hub.error(error)
            return
        dialog = self._show_galleries([Gallery(labels, weights, tuple(documents.templates(labels)))])
        dialog.setWindowTitle(self.tr("New document for {0}").format(weights))

    def from_photo(self, path: Path, labels: LabelSet | None = None, weights: str = "") -> None:
        """Find a photo's regions, show them, then repaint it with its own styles. ``labels`` and ``weights``: the
        document's own unless given."""
        labels = labels or self._document.label_set

        def show(photo: Photo) -> None:
            self._styles.show_regions(
                photo, Purpose.NEW, lambda corrected, _: self._encode(corrected, labels, weights), labels=labels
            )

        self._styles.photo(path, show, labels=labels)

    def from_label_map(self, path: Path) -> None:
        """Show what a label map file holds; it becomes a new document or replaces the present map."""
        own = self._document.label_set
        sets = self._context.core.catalogue.painted_sets(self._document.weights)
        others = [(labels, weights) for labels, weights in sets if not labels.same_labels(own)]
        dialog = LabelMapDialog(
            path, own, self._context.core.submit, self._context.window, others=[labels for labels, _ in others]
        )

        def used(label_map: np.ndarray, how: str) -> None:
            if how == "new":
                weights = next((weights for labels, weights in others if labels is dialog.label_set), "")
                self._from_map(label_map, dialog.label_set if weights else None, weights)
            else:
                same = resize_label_map(label_map, self._document.height, self._document.width)
                self._document.replace_label_map(same, text=self.tr("Label map {0}").format(path.name))

        dialog.used.connect(used)
        dialog.open()

    def restore(self, found: Found, *, undoable: bool = True, own: bool = True) -> bool:
        """Become what a request says. ``own``: the file holds this document from now on.

        Returns False, having said why, when its weights are not there or do not fit; nothing has changed then.
        """
        request = found.request
        labels = self._labels_of(found)
        if request is None or labels is None:
            return False
        try:
            pixels = found.pixels
            if pixels is not None and pixels.shape[:2] != (request.label_map.height, request.label_map.width):
                pixels = None  # scaled since it was exported: the next render will show it
            self._document.restore(
                request,
                label_set=labels,
                picture=pixels,
                path=found.path if own else None,
                text=self.tr("Open {0}").format(found.path.name),
                undoable=undoable,
            )
        except EngineError as error:
            self._context.core.hub.error(error)
            return False
        self._document.mark_saved()
        self._choose_label()
        if own:
            self._context.core.settings.add_recent(found.path)
        return True

    # --- templates and maps ----------------------------------------------------------------------------

    def _encode(self, photo: Photo, labels: LabelSet | None = None, weights: str = "") -> None:
        weights = weights or self._document.weights

        def encoded(styles: dict[int, ImageStyle]) -> None:
            side = self._context.core.catalogue.resolution(weights)
            pixels, label_map = documents.photo_document(photo, labels or self._document.label_set, side)
            text = photo.path.name
            self._begin(label_map, styles=dict(styles), photo=pixels, text=text, labels=labels, weights=weights)

        self._styles.encode(photo, weights, encoded)

    def _show_galleries(self, offered: list[Gallery]) -> TemplateDialog:
        dialog = TemplateDialog(offered, self._context.window)
        dialog.chosen.connect(lambda label_map, gallery: self._from_map(label_map, gallery.label_set, gallery.weights))
        dialog.open()
        return dialog

    def _from_map(self, label_map: np.ndarray, labels: LabelSet | None = None, weights: str = "") -> None:
        weights = weights or self._document.weights
        self._begin(self._fitted(label_map, weights), labels=labels, weights=weights)

    def _fitted(self, label_map: np.ndarray, weights: str) -> np.ndarray:
        side = self._context.core.catalogue.resolution(weights)
        return resize_label_map(label_map, *documents.sides_for(label_map.shape[0], label_map.shape[1], side))

    def _begin(
        self,
        label_map: np.ndarray,
        *,
        styles: dict[int, Style] | None = None,
        photo: np.ndarray | None = None,
        text: str = "",
        labels: LabelSet | None = None,
        weights: str = "",
    ) -> None:
        """``labels`` and ``weights``: the document's own unless given."""

        def begin() -> None:
            self._document.new(
                label_set=labels if labels is not None else self._document.label_set,
                label_map=label_map,
                weights=weights or self._document.weights,
                styles=styles,
                photo=photo,
                text=self.tr("New from {0}").format(text) if text else self.tr("New document"),
            )
            if styles is None:
                self._dice.begin()
            if photo is None:
                self._document.mark_saved()
            self._choose_label()

        self._unsaved.settle(begin)

    # --- the first document -------------------------------------------------------------------------

    def _read_sample(self) -> Found | None:
        path = sample_path()
        if not path.is_file():
            return None
        try:
            return documents.read_request_file(path)
        except EngineError as error:
            self._context.core.hub.error(error)
            return None

    def _first_template(self) -> None:
        labels = self._document.label_set
        for template in documents.templates(labels):
            try:
                label_map = read_label_map(template.path, labels).label_map
            except EngineError:
                continue  # made for other labels
            self._document.new(
                label_set=labels,
                label_map=self._fitted(label_map, self._document.weights),
                weights=self._document.weights,
                undoable=False,
            )
            self._dice.begin()
            self._document.mark_saved()
            self._choose_label()
            return

    # --- inside -------------------------------------------------------------------------------------

    def _labels_of(self, found: Found) -> LabelSet | None:
        """The labels of a request's weights; None, having said why, when there are no such weights."""
        assert found.request is not None
        try:
            return self._context.core.catalogue.label_set(found.request.weights)
        except EngineError as error:
            self._context.core.hub.error(error)
            return None

    def _choose_label(self) -> None:
        """Begin with the largest region that is not background: nobody wants to paint background first."""
        if self._document.current_label != BACKGROUND:
            return
        areas = np.array(self._document.areas[: len(self._document.label_set)])
        areas[BACKGROUND] = 0
        if areas.any():
            self._document.set_current_label(int(areas.argmax()))

    def _pictures(self) -> str:
        return self.tr("Pictures ({0})").format(PICTURES) + ";;" + self.tr("All files (*)")
