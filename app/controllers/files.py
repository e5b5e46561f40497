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
from app.controllers.keeping.recent import RecentFiles
from app.controllers.keeping.unsaved import UnsavedChanges
from app.controllers.new import NewController
from app.controllers.photos import PhotosController
from app.controllers.styles import StylesController, Target
from app.controllers.weights import PUBLISHED_FILES, WeightsController
from app.dialogs.choices import Choice, ChoiceDialog
from app.dialogs.files import PICTURES
from app.document.kinds import document_requests, photo_kinds
from app.document.opening import Found, PhotoUse, look_at, paintings, photo_uses
from app.errors_ui.hub import OPEN
from app.imaging.mime import Incoming, read_mime
from app.imaging.pixels import to_qimage
from app.shell.i18n import tr
from app.texts.label_names import set_name
from engine.documents.document_file import SUFFIX
from engine.errors import EngineError
from engine.labels.label_sets import LabelSet
from engine.labels.looked_at import UNSEEN
from engine.pictures.png import carries_style
from engine.pictures.sniffing import is_torch_file
from engine.weights.card import CARD_FILE

PREVIEW = 72


class FilesController(QObject):
    """Takes a file from wherever it comes and makes of it what its content and its place say."""

    def __init__(
        self,
        context: Context,
        canvas: CanvasWidget,
        styles_controller: StylesController,
        new_controller: NewController,
        photos_controller: PhotosController,
        model_controller: ModelController,
        weights_controller: WeightsController,
        unsaved: UnsavedChanges,
        recent_menu: QMenu,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._document = context.core.document
        self._styles = styles_controller
        self._new = new_controller
        self._photos = photos_controller
        self._model = model_controller
        self._weights = weights_controller
        self._unsaved = unsaved
        self.recent = RecentFiles(context, recent_menu, lambda file_path: self.take(Incoming(files=(file_path,))), self)
        canvas.drops.files_dropped.connect(self._dropped_on_canvas)
        canvas.drops.image_dropped.connect(self._image_dropped_on_canvas)
        canvas.drops.style_dropped.connect(self._style_dropped_on_canvas)

    # --- commands -----------------------------------------------------------------------------------

    @Slot()
    def open(self) -> None:
        """Ask for a file and open it; what it holds tells whether the document gives way to it."""
        filters = ";;".join(
            (
                self.tr("All that Tessera opens ({0} *.json {1})").format(f"*{SUFFIX} {PICTURES}", PUBLISHED_FILES),
                self.tr("All files (*)"),
            )
        )
        file_path = self._context.ask.open("open", self.tr("Open"), filters)
        if file_path is not None:
            self.take(Incoming(files=(file_path,)))

    @Slot()
    def paste(self) -> None:
        """Take what is on the clipboard: a file as if dropped, a picture after asking what it is for."""
        incoming = read_mime(QGuiApplication.clipboard().mimeData())
        if incoming.empty:
            self._context.core.hub.notice(self.tr("There is no picture and no file on the clipboard."))
            return
        self.take(incoming)

    # --- from outside -------------------------------------------------------------------------------

    def take(self, incoming: Incoming, label_id: int | None = None) -> None:
        """Take what was dropped on the window or pasted; ``label_id``: the region of the canvas it was dropped on."""
        self._unsaved.ask_anew()
        if incoming.colour is not None:
            self._styles.use_colour(incoming.colour, Target(label_id))
        elif incoming.files:
            for file_path in incoming.files[1:]:
                self._context.core.hub.notice(self.tr("One file at a time: {0} was not opened.").format(file_path.name))
            self.open_path(incoming.files[0], label_id=label_id)
        elif incoming.image is not None:
            self._styles.keep(
                incoming.image,
                lambda file_path: self.open_path(file_path, label_id=label_id),
                only_for=None if label_id is None else self._context.core.document,
            )

    def open_path(self, file_path: Path, *, label_id: int | None = None) -> None:
        """Open a file by its content. A picture dropped on a region gives that region its style."""
        if carries_style(file_path):
            self._styles.use_kept(file_path, Target(label_id))
            return
        self._context.core.submit(
            lambda work: look_at(work, file_path),
            text=self.tr("Opening {0}").format(file_path.name),
            topic=OPEN,
            on_done=lambda opened_file: self._opened(opened_file, label_id),
        )

    # --- what a file becomes ------------------------------------------------------------------------

    def _opened(self, opened_file: Found, label_id: int | None) -> None:
        if opened_file.kind in ("document", "request_png", "request_json"):
            self._new.open(opened_file)
        elif opened_file.kind == "label_map":
            self._new.from_label_map(opened_file.path)
        elif opened_file.kind == "weights":
            self._open_weights(opened_file.path)
        elif label_id is not None and not opened_file.ask and self._context.core.scope.takes_styles:
            self._styles.use_file(opened_file.path, Target(label_id))
        else:
            self._ask_picture(opened_file, label_id)

    def _open_weights(self, file_path: Path) -> None:
        if file_path.is_file() and (is_torch_file(file_path) or not (file_path.parent / CARD_FILE).is_file()):
            self._weights.import_file(file_path)
            return
        try:
            weights_name = self._context.core.catalogue.open_folder(file_path, document_requests())
        except EngineError as error:
            self._context.core.hub.error(error, topic=OPEN)
            return
        self._context.core.renew_session()
        self._model.use(weights_name)

    def _ask_picture(self, opened_file: Found, dropped_on: int | None) -> None:
        file_path = opened_file.path
        label_id = self._document.current_region if dropped_on in (None, UNSEEN) else dropped_on
        label_text = self._document.regions.name(label_id)
        catalogue = self._context.core.catalogue
        uses, painted = photo_uses(self._document, catalogue), paintings(self._document, catalogue)
        painted_sets = [painting.label_set for painting in painted]
        choices = [
            *_use_choices(uses),
            *_photo_choices("paint", painted_sets, self.tr("New painting"), self.tr("Find its regions and repaint it")),
        ]
        if self._context.core.scope.takes_styles:
            of_label, explanation = self.tr("Style of {0}"), self.tr("Only the label chosen in the list")
            choices += [
                Choice("all", "palette", self.tr("Styles of all regions"), self.tr("Keep the label map")),
                Choice("label", "brush", of_label.format(label_text), explanation),
            ]
        if opened_file.maybe_map:
            choices.append(Choice("map", "map", self.tr("Label map"), self.tr("Its values or colours name the labels")))
        dialog = ChoiceDialog(
            self.tr("Open {0}").format(file_path.name),
            self.tr("What should {0} be used for?").format(file_path.name),
            choices,
            preview=_preview(opened_file.pixels),
            parent=self._context.window,
        )

        def use_choice(choice: str) -> None:
            purpose, _, position = choice.partition(" ")
            if purpose == "paint":
                painting = painted[int(position)]
                self._unsaved.before_choosing(lambda: self._new.paint_photo(file_path, painting))
            elif position:
                use = _uses_of(purpose, uses)[int(position)]
                self._unsaved.before_choosing(lambda: self._photos.begin(file_path, use))
            else:
                self._use_picture(file_path, choice, label_id)

        dialog.chosen.connect(use_choice)
        dialog.open()

    def _use_picture(self, file_path: Path, choice: str, label_id: int) -> None:
        if choice == "map":
            self._new.from_label_map(file_path)
        else:
            self._styles.use_file(file_path, Target() if choice == "all" else Target(label_id))

    # --- inside -------------------------------------------------------------------------------------

    def _dropped_on_canvas(self, files: list[str], image_point: QPoint | None) -> None:
        self.take(Incoming(files=tuple(Path(file_name) for file_name in files)), self._label_at(image_point))

    def _image_dropped_on_canvas(self, image: QImage, image_point: QPoint | None) -> None:
        self.take(Incoming(image=image), self._label_at(image_point))

    def _style_dropped_on_canvas(self, source_label: int, image_point: QPoint | None) -> None:
        label_id = self._label_at(image_point)
        if label_id is not None:
            self._styles.use(Incoming(style_of=source_label), Target(label_id))

    def _label_at(self, image_point: QPoint | None) -> int | None:
        if image_point is None:
            return None
        return self._document.regions.at(image_point.x(), image_point.y())


def _uses_of(kind_name: str, uses: list[PhotoUse]) -> list[PhotoUse]:
    return [use for use in uses if use.kind.name == kind_name]


def _use_choices(uses: list[PhotoUse]) -> list[Choice]:
    """A choice for each kind of document that stays a photo, and for each set of labels that it may show."""
    return [
        choice
        for kind in photo_kinds()
        if kind.offer is not None
        for choice in _photo_choices(
            kind.name,
            [use.label_set for use in _uses_of(kind.name, uses)],
            tr(kind.offer.caption),
            tr(kind.offer.explanation),
        )
    ]


def _photo_choices(purpose: str, label_sets: list[LabelSet], caption: str, explanation: str) -> list[Choice]:
    """A choice for each set of labels that a photo may show; those after the first, the document's own, are rare."""
    named = len(label_sets) > 1
    return [
        Choice(
            f"{purpose} {position}",
            "photo",
            f"{caption}: {set_name(label_set)}" if named else caption,
            explanation,
            rare=position > 0,
        )
        for position, label_set in enumerate(label_sets)
    ]


def _preview(pixels: np.ndarray | None) -> QPixmap | None:
    if pixels is None:
        return None
    preview_size = QSize(PREVIEW, PREVIEW)
    keep_ratio, smooth_scaling = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    return QPixmap.fromImage(to_qimage(pixels).scaled(preview_size, keep_ratio, smooth_scaling))
