"""Beginning documents: from a template, a photo, a label map, a request; the sample of the first start."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject, Slot

from app.controllers.context import Context
from app.controllers.dice import DiceController
from app.controllers.editing import choose_first_label
from app.controllers.keeping.opened import holding_file, take_over
from app.controllers.keeping.unsaved import UnsavedChanges
from app.controllers.photos import PhotosController, ask_which_use
from app.controllers.restyle import RestyleController
from app.controllers.styles import StylesController
from app.dialogs.choices import Choice
from app.dialogs.files import picture_filters
from app.document import opening as documents
from app.document.opening import Found, Gallery, Painting, painting_path, sample_path
from app.document.photo.reading import OpenedPhoto
from app.document.scene import Scene
from app.errors_ui.hub import OPEN
from app.jobs.originals import read_original
from app.jobs.photos import Photo
from app.raster.cropping import Cropping
from app.texts.label_names import set_name
from engine.errors import EngineError
from engine.labels.label_maps import read_label_map, resize_label_map
from engine.labels.label_sets import LabelSet
from engine.requests.render import RenderRequest
from engine.requests.styles import ImageStyle, Style

if TYPE_CHECKING:
    from app.dialogs.templates import TemplateDialog


class NewController(QObject):
    """Makes the document another one; each way is one step that undo takes back, except at the start.

    Before a document with unsaved changes is replaced, the user is asked, wherever the new one comes from. The new one
    counts as saved while nothing is done to it, except one painted from a photo: its regions are the user's work.
    """

    def __init__(
        self,
        context: Context,
        styles_controller: StylesController,
        unsaved: UnsavedChanges,
        restyle: RestyleController,
        dice_controller: DiceController,
        photos_controller: PhotosController,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._photos = photos_controller
        self._context = context
        self._document = context.core.document
        self._styles = styles_controller
        self._unsaved = unsaved
        self._restyle = restyle
        self._dice = dice_controller
        photos_controller.map_opened.connect(self.from_label_map)

    # --- commands -----------------------------------------------------------------------------------

    @Slot()
    def template(self) -> None:
        """Show the gallery of templates: those of the document's labels first, then those that other weights paint."""
        galleries = documents.galleries(self._document, self._context.core.catalogue)
        self._unsaved.before_choosing(lambda: self._show_galleries(galleries))

    @Slot()
    def painting(self) -> None:
        """Ask for a photo and, where there is a choice, for what it shows; paint a new picture of its regions."""
        self._unsaved.before_choosing(self._choose_photo)

    def _choose_photo(self) -> None:
        file_path = self._context.ask.open("photo", self.tr("New painting from photo"), picture_filters())
        if file_path is not None:
            offered = documents.paintings(self._document, self._context.core.catalogue)
            choices = [
                Choice(str(row), "photo", set_name(use.label_set), self.tr("Painted by {0}").format(use.weights))
                for row, use in enumerate(offered)
            ]

            def paint(position: int) -> None:
                self.paint_photo(file_path, offered[position])

            title = self.tr("New painting from photo")
            self._photos.as_photo(file_path, lambda: ask_which_use(self._context, title, file_path, choices, paint))

    @Slot()
    def label_map(self) -> None:
        """Ask for a label map and make a document of it."""
        self._unsaved.before_choosing(self._choose_map)

    def _choose_map(self) -> None:
        file_path = self._context.ask.open("map", self.tr("New from label map"), picture_filters())
        if file_path is not None:
            self.from_label_map(file_path)

    @Slot()
    def sample(self) -> None:
        """The document of the first start; the templates where there is none."""
        self._unsaved.before_choosing(lambda: self._open_sample(sample_path()))

    @Slot()
    def sample_painting(self) -> None:
        """The painting that comes with Tessera; the templates where there is none."""
        self._unsaved.before_choosing(lambda: self._open_sample(painting_path()))

    def _open_sample(self, file_path: Path) -> None:
        opened_file = self._read_sample(file_path)
        if opened_file is None:
            self._show_galleries(documents.galleries(self._document, self._context.core.catalogue))
        else:
            self.open(opened_file, keeps_file=False)

    # --- from outside -------------------------------------------------------------------------------

    def first(self) -> None:
        """What the editor shows when it starts without a file: the sample, or the first template."""
        opened_file = self._read_sample(sample_path())
        if opened_file is None or not self._begin_with(opened_file):
            self._first_template()

    def _begin_with(self, opened_file: Found) -> bool:
        """Become the sample, before the window is shown. Returns False, having said why, where it cannot be had."""
        label_set, request = self._labels_of(opened_file), opened_file.photo_request
        if label_set is None or request is None:
            return self.restore(opened_file, undoable=False, keeps_file=False)
        try:
            original = read_original(request.photo)
            values = {**Scene.values_of(request), "photo": original.reference}
            self._context.core.originals.keep(original)
            stored_picture = opened_file.picture_of(original)
            picture = original.pixels if stored_picture is None else stored_picture
            self._become(opened_file, values, label_set=label_set, picture=picture, undoable=False, keeps=False)
        except EngineError as error:
            self._context.core.hub.error(error, topic=OPEN)
            return False
        return True

    def open(self, opened_file: Found, *, keeps_file: bool = True) -> None:
        """Become what a file holds, once nothing unsaved can be lost."""
        label_set = self._labels_of(opened_file)
        if label_set is not None:
            self._unsaved.before_working(lambda: self._open(opened_file, label_set, keeps_file))

    def _open(self, opened_file: Found, label_set: LabelSet, keeps_file: bool) -> None:
        if opened_file.photo_request is not None:
            self._photos.open(opened_file, label_set, lambda opened: self._open_photo(opened_file, opened, keeps_file))
            return

        def opened(styles: dict[int, Style]) -> None:
            self._unsaved.settle(lambda: self.restore(opened_file, keeps_file=keeps_file, styles=styles))

        values = opened_file.values()
        self._restyle.fresh(values.get("styles", {}), values["weights"], opened)

    def template_for(self, weights: str) -> None:
        """Show the templates of the labels that some weights paint; the one chosen begins a document for them."""
        try:
            label_set = self._context.core.catalogue.label_set(weights)
        except EngineError as error:
            self._context.core.hub.error(error, topic=OPEN)
            return
        gallery = Gallery(label_set, weights, tuple(documents.templates(label_set)))

        def show() -> None:
            self._show_galleries([gallery]).setWindowTitle(self.tr("New document for {0}").format(weights))

        self._unsaved.before_choosing(show)

    def paint_photo(self, file_path: Path, painting: Painting) -> None:
        """Find a photo's regions, show them with the crop and the size that are proposed, then paint a new picture of
        them with their own styles."""

        def show(photo: Photo) -> None:
            self._styles.show_crop(
                photo, painting, lambda corrected, cropping: self._encode(corrected, painting, cropping)
            )

        self._styles.photo(file_path, show, labels=painting.label_set)

    def from_label_map(self, file_path: Path) -> None:
        """Show what a label map file holds; it becomes a new document or replaces the present map."""
        from app.dialogs.label_map import LabelMapDialog

        own_labels = self._document.label_set
        painted_sets = self._context.core.catalogue.sets_serving(RenderRequest, self._document.weights)
        other_sets = [
            (label_set, weights) for label_set, weights in painted_sets if not label_set.same_labels(own_labels)
        ]
        dialog = LabelMapDialog(
            file_path,
            own_labels,
            self._context.core.submit,
            self._context.core.settings,
            self._context.window,
            others=[label_set for label_set, _ in other_sets],
            photo_size=(self._document.height, self._document.width) if self._document.kind.shows_photo else None,
        )

        def use_map(label_map: np.ndarray, purpose: str) -> None:
            if purpose == "new":
                weights = next((weights for label_set, weights in other_sets if label_set is dialog.label_set), "")
                self._from_map(label_map, dialog.label_set if weights else None, weights)
            else:
                undo_text = self.tr("Label map {0}").format(file_path.name)
                self._document.pixels.replace_label_map(label_map, text=undo_text)
                if self._document.kind.shows_photo:
                    sentence = self.tr("The photo's regions are those of {0} now; Undo brings back the ones before.")
                    self._context.core.hub.notice(sentence.format(file_path.name))

        dialog.used.connect(use_map)
        dialog.open()

    def restore(
        self,
        opened_file: Found,
        *,
        undoable: bool = True,
        keeps_file: bool = True,
        styles: Mapping[int, Style] | None = None,
    ) -> bool:
        """Become what a request says, with its own styles or ``styles``. ``keeps_file``: the file holds this document
        from now on.

        Returns False, having said why, when its weights are not there or do not fit; nothing has changed then.
        """
        request, label_set = opened_file.request, self._labels_of(opened_file)
        if request is None or request.label_map is None or label_set is None:
            return False
        try:
            pixels = opened_file.pixels
            if pixels is not None and pixels.shape[:2] != (request.label_map.height, request.label_map.width):
                pixels = None  # scaled since it was exported: the next render will show it
            values = opened_file.values() | ({} if styles is None else {"styles": styles})
            self._become(opened_file, values, label_set=label_set, picture=pixels, undoable=undoable, keeps=keeps_file)
        except EngineError as error:
            self._context.core.hub.error(error, topic=OPEN)
            return False
        return True

    def _open_photo(self, opened_file: Found, opened: OpenedPhoto, keeps_file: bool) -> None:
        values, label_set = opened.values, self._labels_of(opened_file)
        if label_set is None:
            return
        picture = opened.picture if opened.picture is not None else opened.original.pixels

        def become(styles: dict[int, Style]) -> None:
            self._unsaved.settle(
                lambda: self._become(
                    opened_file,
                    {**values, "styles": styles},
                    label_set=label_set,
                    picture=picture,
                    undoable=True,
                    keeps=keeps_file,
                    found_again=opened.found_again,
                )
            )

        self._restyle.fresh(values.get("styles", {}), values["weights"], become)

    def _become(
        self,
        opened_file: Found,
        values: dict[str, Any],
        *,
        label_set: LabelSet,
        picture: np.ndarray | None,
        undoable: bool,
        keeps: bool,
        found_again: bool = False,
    ) -> None:
        """Become what a file says. Raises EngineError where it does not fit; nothing has changed then."""
        holder = holding_file(opened_file) if keeps else None
        self._document.new(
            label_set=label_set,
            picture=picture,
            path=holder,
            text=self.tr("Open {0}").format(opened_file.name),
            undoable=undoable and (found_again or not self._document.untouched),
            **values,
        )
        take_over(self._context, opened_file, holder, is_saved=not found_again)  # else it learns where its photo is
        choose_first_label(self._context)
        if holder is not None:
            self._context.core.settings.add_recent(holder)

    # --- templates and maps ----------------------------------------------------------------------------

    def _encode(self, photo: Photo, painting: Painting, cropping: Cropping) -> None:
        """Paint a part of a photo with the styles of all its regions."""

        def begin(styles: dict[int, ImageStyle]) -> None:
            pixels, label_map = documents.photo_document(photo, cropping)
            self._begin(
                label_map,
                styles=dict(styles),
                picture=pixels,
                source_text=photo.path.name,
                label_set=painting.label_set,
                weights=painting.weights,
            )

        self._styles.encode(photo, painting.weights, begin)

    def _show_galleries(self, offered: list[Gallery]) -> TemplateDialog:
        from app.dialogs.templates import TemplateDialog

        dialog = TemplateDialog(offered, self._context.window)
        dialog.chosen.connect(lambda label_map, gallery: self._from_map(label_map, gallery.label_set, gallery.weights))
        dialog.open()
        return dialog

    def _from_map(self, label_map: np.ndarray, label_set: LabelSet | None = None, weights: str = "") -> None:
        self._begin(label_map, label_set=label_set, weights=weights or self._document.weights)

    def _fitted(self, label_map: np.ndarray, weights: str) -> np.ndarray:
        abilities = self._context.core.catalogue.abilities(weights)
        return resize_label_map(label_map, *documents.sides_for(label_map.shape[0], label_map.shape[1], abilities))

    def _begin(
        self,
        label_map: np.ndarray,
        *,
        styles: dict[int, Style] | None = None,
        picture: np.ndarray | None = None,
        source_text: str = "",
        label_set: LabelSet | None = None,
        weights: str = "",
    ) -> None:
        """``label_set`` and ``weights``: the document's own unless given."""

        def begin() -> None:
            self._document.new(
                label_set=label_set if label_set is not None else self._document.label_set,
                label_map=label_map,
                weights=weights or self._document.weights,
                styles=styles,
                picture=picture,
                text=self.tr("New from {0}").format(source_text) if source_text else self.tr("New document"),
            )
            if styles is None:
                self._dice.begin()
            if picture is None:
                self._document.mark_saved()
            choose_first_label(self._context)

        self._unsaved.settle(begin)

    # --- the first document -------------------------------------------------------------------------

    def _read_sample(self, file_path: Path) -> Found | None:
        if not file_path.is_file():
            return None
        try:
            return documents.read_request_file(file_path)
        except EngineError as error:
            self._context.core.hub.error(error, topic=OPEN)
            return None

    def _first_template(self) -> None:
        label_set = self._document.label_set
        for template in documents.templates(label_set):
            try:
                label_map = read_label_map(template.path, label_set).label_map
            except EngineError:
                continue  # made for other labels
            self._document.new(
                label_set=label_set,
                label_map=self._fitted(label_map, self._document.weights),
                weights=self._document.weights,
                undoable=False,
            )
            self._dice.begin()
            self._document.mark_saved()
            choose_first_label(self._context)
            return

    # --- inside -------------------------------------------------------------------------------------

    def _labels_of(self, opened_file: Found) -> LabelSet | None:
        """The labels of a document, or of a request's weights; None, having said why, when there are no such."""
        if opened_file.saved is not None:
            return opened_file.saved.scene.label_set
        assert opened_file.request is not None
        try:
            return self._context.core.catalogue.label_set(opened_file.request.weights)
        except EngineError as error:
            self._context.core.hub.error(error, topic=OPEN)
            return None
