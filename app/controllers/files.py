"""Opening and beginning documents: dialogs, drops, paste, recent files, the sample."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, QPoint, QSize, Qt, Slot
from PySide6.QtGui import QGuiApplication, QImage, QPixmap
from PySide6.QtWidgets import QMenu

from app.controllers.context import Context
from app.controllers.exports import ExportController
from app.controllers.styles import StylesController, Target, square_document
from app.dialogs.choices import Choice, ChoiceDialog
from app.dialogs.files import PICTURES
from app.dialogs.label_map import LabelMapDialog
from app.dialogs.regions import Purpose
from app.dialogs.templates import TemplateDialog
from app.document.document import BACKGROUND
from app.documents import Found, look_at, sample_path, sides_for, template_paths
from app.labels_text import name_of
from app.mime import Incoming, keep_image, read_mime
from app.photos import Photo
from app.pixels import to_qimage
from engine.errors import EngineError
from engine.labels import LabelSet, read_label_map, resize_label_map
from engine.request import ImageStyle, Style

PREVIEW = 72


class FilesController(QObject):
    """Takes a file from wherever it comes and makes of it what its content and its place say."""

    def __init__(
        self,
        context: Context,
        styles: StylesController,
        exports: ExportController,
        recent: QMenu,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._document = context.core.document
        self._styles = styles
        self._exports = exports
        self._recent = recent
        context.core.settings.recent_changed.connect(self._fill_recent)
        recent.aboutToShow.connect(self._fill_recent)
        context.canvas.files_dropped.connect(self._dropped_on_canvas)
        context.canvas.image_dropped.connect(self._image_dropped_on_canvas)
        context.canvas.style_dropped.connect(self._style_dropped_on_canvas)
        self._fill_recent()

    # --- commands -----------------------------------------------------------------------------------

    @Slot()
    def open(self) -> None:
        """Ask for a file and open it."""
        filters = ";;".join(
            (
                self.tr("All that Tessera opens ({0} *.json *.safetensors)").format(PICTURES),
                self.tr("All files (*)"),
            )
        )
        path = self._context.ask.open("open", self.tr("Open"), filters)
        if path is not None:
            self.open_path(path)

    @Slot()
    def open_sample(self) -> None:
        """The document of the first start, or a template where there is none."""
        self._open_sample(first=False)

    def open_first(self) -> None:
        """What the editor shows when it starts without a file; not a step of the history."""
        self._open_sample(first=True)

    @Slot()
    def new_from_template(self) -> None:
        """Show the gallery of templates."""
        dialog = TemplateDialog(template_paths(), self._label_set(), self._context.window)
        dialog.chosen.connect(self._new_from_map)
        dialog.open()

    @Slot()
    def new_from_photo(self) -> None:
        """Ask for a photo and make a document of it."""
        path = self._context.ask.open("photo", self.tr("New from photo"), self._pictures())
        if path is not None:
            self.new_from_photo_file(path)

    @Slot()
    def new_from_map(self) -> None:
        """Ask for a label map and make a document of it."""
        path = self._context.ask.open("map", self.tr("New from label map"), self._pictures())
        if path is not None:
            self._show_map(path)

    @Slot()
    def paste(self) -> None:
        """Take what is on the clipboard: a file as if dropped, a picture after asking what it is for."""
        incoming = read_mime(QGuiApplication.clipboard().mimeData())
        if incoming.empty:
            self._context.core.hub.notice(self.tr("There is no picture and no file on the clipboard."))
            return
        self.take(incoming)

    # --- from outside -------------------------------------------------------------------------------

    def take(self, incoming: Incoming, label: int | None = None) -> None:
        """Take what was dropped on the window or pasted; ``label``: the region of the canvas it was dropped on."""
        if incoming.files:
            for path in incoming.files[1:]:
                self._context.core.hub.notice(self.tr("One file at a time: {0} was not opened.").format(path.name))
            self.open_path(incoming.files[0], label=label)
        elif incoming.image is not None:
            try:
                path = keep_image(incoming.image)
            except OSError as error:
                text = self.tr("The picture could not be kept: {0}.")
                self._context.core.hub.error(text.format(error))
                return
            self.open_path(path, label=label)

    def open_path(self, path: Path, *, label: int | None = None) -> None:
        """Open a file by its content. A picture dropped on a region gives that region its style."""
        self._context.core.submit(
            lambda work: look_at(work, path),
            text=self.tr("Opening {0}").format(path.name),
            on_done=lambda found: self._opened(found, label),
        )

    def new_from_photo_file(self, path: Path) -> None:
        """Parse a photo, show its regions, then repaint it with its own styles."""
        self._styles.photo(path, self._photo_found)

    # --- what a file becomes ------------------------------------------------------------------------

    def _opened(self, found: Found, label: int | None) -> None:
        if found.kind in ("request_png", "request_json"):
            self._restore(found)
        elif found.kind == "label_map":
            self._show_map(found.path)
        elif found.kind == "weights":
            self._open_weights(found.path)
        elif label is not None:
            self._styles.use_file(found.path, Target(label))
        else:
            self._ask_picture(found.path, found.pixels)

    def _restore(self, found: Found, *, undoable: bool = True) -> bool:
        request = found.request
        assert request is not None
        catalogue = self._context.core.catalogue
        try:
            labels = catalogue.label_set(request.weights)
            pixels = found.pixels
            if pixels is not None and pixels.shape[:2] != (request.label_map.height, request.label_map.width):
                pixels = None  # scaled since it was exported: the render will show it
            self._document.new(
                label_set=labels,
                label_map=request.label_map.array(),
                weights=request.weights,
                styles=dict(request.styles),
                seed=request.seed,
                picture=pixels,
                text=self.tr("Open {0}").format(found.path.name),
                undoable=undoable,
            )
        except EngineError as error:
            self._context.core.hub.error(error)
            return False
        self._document.mark_saved()
        self._choose_label()
        if found.kind == "request_png" or undoable:
            self._exports.set_path(found.path)
            self._context.core.settings.add_recent(found.path)
        return True

    def _open_weights(self, path: Path) -> None:
        try:
            name = self._context.core.catalogue.open_folder(path)
        except EngineError as error:
            self._context.core.hub.error(error)
            return
        self._context.core.renew_session()
        self._context.shell.run("model.use", name)

    def _ask_picture(self, path: Path, pixels: np.ndarray | None) -> None:
        label = self._document.current_label
        name = name_of(self._document.label_set, label)
        choices = [
            Choice("new", "photo", self.tr("New document"), self.tr("Find its regions and repaint it")),
            Choice("all", "palette", self.tr("Styles of all regions"), self.tr("Keep the label map")),
            Choice(
                "label", "brush", self.tr("Style of {0}").format(name), self.tr("Only the label chosen in the list")
            ),
        ]
        dialog = ChoiceDialog(
            self.tr("Use a picture"),
            self.tr("What should {0} be used for?").format(path.name),
            choices,
            preview=_preview(pixels),
            parent=self._context.window,
        )
        dialog.chosen.connect(lambda choice: self._use_picture(path, choice, label))
        dialog.open()

    def _use_picture(self, path: Path, choice: str, label: int) -> None:
        if choice == "new":
            self.new_from_photo_file(path)
        else:
            self._styles.use_file(path, Target() if choice == "all" else Target(label))

    def _show_map(self, path: Path) -> None:
        dialog = LabelMapDialog(path, self._label_set(), self._context.window)

        def used(label_map: np.ndarray, how: str) -> None:
            if how == "new":
                self._new_from_map(label_map)
            else:
                same = resize_label_map(label_map, self._document.height, self._document.width)
                self._document.replace_label_map(same, text=self.tr("Label map {0}").format(path.name))

        dialog.used.connect(used)
        dialog.open()

    def _new_from_map(self, label_map: np.ndarray) -> None:
        side = self._context.core.catalogue.resolution(self._document.weights)
        height, width = sides_for(label_map.shape[0], label_map.shape[1], side)
        self._begin(resize_label_map(label_map, height, width))

    def _photo_found(self, photo: Photo) -> None:
        self._styles.show_regions(photo, Purpose.NEW, lambda corrected, _: self._encode_new(corrected))

    def _encode_new(self, photo: Photo) -> None:
        weights = self._document.weights
        self._styles.encode(photo, weights, lambda styles: self._begin_photo(photo, styles, weights))

    def _begin_photo(self, photo: Photo, styles: dict[int, ImageStyle], weights: str) -> None:
        side = self._context.core.catalogue.resolution(weights)
        pixels, label_map = square_document(photo, side)
        self._begin(label_map, styles=dict(styles), photo=pixels, text=photo.path.name)

    def _begin(
        self,
        label_map: np.ndarray,
        *,
        styles: dict[int, Style] | None = None,
        photo: np.ndarray | None = None,
        text: str = "",
    ) -> None:
        name = self.tr("New from {0}").format(text) if text else self.tr("New document")
        self._document.new(
            label_set=self._label_set(),
            label_map=label_map,
            weights=self._document.weights,
            styles=styles,
            photo=photo,
            text=name,
        )
        self._choose_label()
        self._exports.set_path(None)

    # --- the first document -------------------------------------------------------------------------

    def _open_sample(self, *, first: bool) -> None:
        path = sample_path()
        if path.is_file():
            try:
                found = look_at(_NoWork(), path)  # type: ignore[arg-type]
            except EngineError as error:
                self._context.core.hub.error(error)
            else:
                if self._restore(found, undoable=not first):
                    self._exports.set_path(None)
                    return
        if first:
            self._first_template()
        else:
            self.new_from_template()

    def _first_template(self) -> None:
        labels = self._label_set()
        for path in template_paths():
            try:
                label_map = read_label_map(path, labels).label_map
            except EngineError:
                continue
            side = self._context.core.catalogue.resolution(self._document.weights)
            height, width = sides_for(label_map.shape[0], label_map.shape[1], side)
            self._document.new(
                label_set=labels,
                label_map=resize_label_map(label_map, height, width),
                weights=self._document.weights,
                undoable=False,
            )
            self._choose_label()
            return

    # --- inside -------------------------------------------------------------------------------------

    def _choose_label(self) -> None:
        """Begin with the largest region that is not background: nobody wants to paint background first."""
        if self._document.current_label == BACKGROUND:
            for key in (1, 2):
                label = self._context.labels.model.label_for_key(key)
                if label is not None and label != BACKGROUND and self._document.areas[label] > 0:
                    self._document.set_current_label(label)
                    return

    def _label_set(self) -> LabelSet:
        return self._document.label_set

    def _pictures(self) -> str:
        return self.tr("Pictures ({0})").format(PICTURES) + ";;" + self.tr("All files (*)")

    def _dropped_on_canvas(self, files: list[str], point: QPoint | None) -> None:
        self.take(Incoming(files=tuple(Path(name) for name in files)), self._label_at(point))

    def _image_dropped_on_canvas(self, image: QImage, point: QPoint | None) -> None:
        self.take(Incoming(image=image), self._label_at(point))

    def _style_dropped_on_canvas(self, source: int, point: QPoint | None) -> None:
        label = self._label_at(point)
        if label is not None:
            self._styles.use(Incoming(style_of=source), Target(label))

    def _label_at(self, point: QPoint | None) -> int | None:
        if point is None:
            return None
        return int(self._document.label_map[point.y(), point.x()])

    def _fill_recent(self) -> None:
        self._recent.clear()
        recent = self._context.core.settings.recent()
        for i, path in enumerate(recent):
            action = self._recent.addAction(f"&{(i + 1) % 10} {path.name}".replace("&&", "&"))
            action.setToolTip(str(path))
            action.setEnabled(path.exists())
            action.triggered.connect(lambda _=False, path=path: self.open_path(path))
        if recent:
            self._recent.addSeparator()
            self._recent.addAction(self.tr("Clear the list")).triggered.connect(
                self._context.core.settings.clear_recent
            )
        else:
            self._recent.addAction(self.tr("Nothing yet")).setEnabled(False)


class _NoWork:
    """Stands in for a job where a small file of our own is read at once."""

    def progress(self, part: float, text: str = "") -> None:
        pass

    def check(self) -> None:
        pass


def _preview(pixels: np.ndarray | None) -> QPixmap | None:
    if pixels is None:
        return None
    size = QSize(PREVIEW, PREVIEW)
    keep, smooth = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    return QPixmap.fromImage(to_qimage(pixels).scaled(size, keep, smooth))
