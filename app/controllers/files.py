"""Opening files by their content, wherever they come from: dialog, drop, paste, recent files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, QPoint, QSize, Qt, Slot
from PySide6.QtGui import QGuiApplication, QImage, QPixmap
from PySide6.QtWidgets import QMenu

from app.canvas.widget import CanvasWidget
from app.controllers.context import Context
from app.controllers.engine_menus import ModelController
from app.controllers.new import NewController
from app.controllers.styles import StylesController, Target
from app.controllers.weights import WeightsController
from app.dialogs.choices import Choice, ChoiceDialog
from app.dialogs.files import PICTURES
from app.document.opening import Found, look_at, photo_kinds
from app.imaging.mime import Incoming, keep_image, read_mime
from app.imaging.pixels import to_qimage
from app.texts.label_names import name_of, set_name
from engine.errors import EngineError
from engine.labels.label_sets import LabelSet
from engine.pictures.sniffing import is_torch_file

PREVIEW = 72


class FilesController(QObject):
    """Takes a file from wherever it comes and makes of it what its content and its place say."""

    def __init__(
        self,
        context: Context,
        canvas: CanvasWidget,
        styles: StylesController,
        new: NewController,
        model: ModelController,
        weights: WeightsController,
        recent: QMenu,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._document = context.core.document
        self._styles = styles
        self._new = new
        self._model = model
        self._weights = weights
        self._recent = recent
        context.core.settings.recent_changed.connect(self._fill_recent)
        recent.aboutToShow.connect(self._fill_recent)
        canvas.files_dropped.connect(self._dropped_on_canvas)
        canvas.image_dropped.connect(self._image_dropped_on_canvas)
        canvas.style_dropped.connect(self._style_dropped_on_canvas)
        self._fill_recent()

    # --- commands -----------------------------------------------------------------------------------

    @Slot()
    def open(self) -> None:
        """Ask for a file and open it."""
        filters = ";;".join(
            (
                self.tr("All that Tessera opens ({0} *.json *.safetensors *.pth)").format(PICTURES),
                self.tr("All files (*)"),
            )
        )
        path = self._context.ask.open("open", self.tr("Open"), filters)
        if path is not None:
            self.open_path(path)

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

    # --- what a file becomes ------------------------------------------------------------------------

    def _opened(self, found: Found, label: int | None) -> None:
        if found.kind in ("request_png", "request_json"):
            self._new.open(found)
        elif found.kind == "label_map":
            self._new.from_label_map(found.path)
        elif found.kind == "weights":
            self._open_weights(found.path)
        elif label is not None and not found.ask:
            self._styles.use_file(found.path, Target(label))
        else:
            self._ask_picture(found, label)

    def _open_weights(self, path: Path) -> None:
        if path.is_file() and is_torch_file(path):
            self._weights.import_file(path)
            return
        try:
            name = self._context.core.catalogue.open_folder(path)
        except EngineError as error:
            self._context.core.hub.error(error)
            return
        self._context.core.renew_session()
        self._model.use(name)

    def _ask_picture(self, found: Found, dropped_on: int | None) -> None:
        path = found.path
        label = self._document.current_label if dropped_on is None else dropped_on
        name = name_of(self._document.label_set, label)
        kinds = photo_kinds(self._document, self._context.core.catalogue)
        text, hint = self.tr("New document"), self.tr("Find its regions and repaint it")
        choices = [Choice("new 0", "photo", text, hint)]
        if len(kinds) > 1:
            text = self.tr("New document: {0}")
            choices = [Choice(f"new {i}", "photo", text.format(set_name(s)), hint) for i, (s, _) in enumerate(kinds)]
        choices += [
            Choice("all", "palette", self.tr("Styles of all regions"), self.tr("Keep the label map")),
            Choice(
                "label", "brush", self.tr("Style of {0}").format(name), self.tr("Only the label chosen in the list")
            ),
        ]
        if found.maybe_map:
            choices.append(Choice("map", "map", self.tr("Label map"), self.tr("Its values or colours name the labels")))
        dialog = ChoiceDialog(
            self.tr("Use a picture"),
            self.tr("What should {0} be used for?").format(path.name),
            choices,
            preview=_preview(found.pixels),
            parent=self._context.window,
        )
        dialog.chosen.connect(lambda choice: self._use_picture(path, choice, label, kinds))
        dialog.open()

    def _use_picture(self, path: Path, choice: str, label: int, kinds: list[tuple[LabelSet, str]]) -> None:
        if choice.startswith("new"):
            self._new.from_photo(path, *kinds[int(choice.removeprefix("new"))])
        elif choice == "map":
            self._new.from_label_map(path)
        else:
            self._styles.use_file(path, Target() if choice == "all" else Target(label))

    # --- inside -------------------------------------------------------------------------------------

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


def _preview(pixels: np.ndarray | None) -> QPixmap | None:
    if pixels is None:
        return None
    size = QSize(PREVIEW, PREVIEW)
    keep, smooth = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    return QPixmap.fromImage(to_qimage(pixels).scaled(size, keep, smooth))
