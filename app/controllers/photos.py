"""Documents that are photos: begun from a file, opened again, and their photo found where it went."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMessageBox

from app.canvas.widget import CanvasWidget
from app.controllers.context import Context
from app.controllers.editing import choose_first_label
from app.controllers.keeping.unsaved import UnsavedChanges
from app.controllers.render import RenderController
from app.dialogs.choices import Choice, ChoiceDialog
from app.dialogs.files import picture_filters
from app.document.document import BACKGROUND
from app.document.opening import Found, PhotoUse, photo_uses, second_photo_path
from app.document.photo.frames import states_of_faces
from app.document.photo.reading import OpenedPhoto, photo_regions, read_photo_document
from app.errors_ui.hub import OPEN
from app.jobs.originals import Original, Regions, original_for
from app.raster.frozen_maps import FrozenMap
from app.shell.i18n import tr
from app.texts.label_names import doubt_text, set_name
from app.texts.translate import translate
from engine.errors import EngineError, MissingPhoto
from engine.labels.label_sets import LabelSet
from engine.pictures.closeup import has_background
from engine.pictures.sniffing import sniff
from engine.requests.photo_reference import PhotoReference

TOPIC = "photo"
REST = "what was not looked at"  # a topic of its own
FACES = "faces"  # the label set of portraits


class PhotosController(QObject):
    """Makes documents of photos, and keeps at hand what the canvas compares them with."""

    map_opened = Signal(object)  # Path: what was named as a photo is to be opened as a label map

    def __init__(
        self,
        context: Context,
        canvas: CanvasWidget,
        render_controller: RenderController,
        unsaved: UnsavedChanges,
        rest_action: QAction,
        parent: QObject | None = None,
    ) -> None:
        """``rest_action``: counts what nobody looked at as background."""
        super().__init__(parent)
        self._context = context
        self._core = context.core
        self._document = context.core.document
        self._canvas = canvas
        self._render = render_controller
        self._unsaved = unsaved
        self._rest_action = rest_action
        self._document.replaced.connect(self._forget_warnings)
        self._document.replaced.connect(self._show_original)
        self._document.photo_changed.connect(self._show_original)
        self._document.replaced.connect(self._find_regions)
        self._document.styles_changed.connect(self._tell_rest)
        self._document.looked_at_changed.connect(self._looked_at_changed)
        self._document.replaced.connect(self._looked_at_changed)
        self._looked_at_changed()
        self._show_original()

    # --- a photo becomes a document -----------------------------------------------------------------

    @Slot()
    def choose(self) -> None:
        """Ask for a photo and edit it."""
        self._unsaved.before_choosing(self._choose)

    def _choose(self) -> None:
        file_path = self._context.ask.open("photo", self.tr("New from photo"), picture_filters())
        if file_path is not None:
            self.edit(file_path)

    @Slot()
    def second_sample(self) -> None:
        """Edit the second photograph that comes with Tessera; nobody need say that it shows a face."""
        self._unsaved.before_choosing(self._edit_second)

    def _edit_second(self) -> None:
        faces = [use for use in photo_uses(self._document, self._core.catalogue) if use.label_set.name == FACES]
        if faces:
            self.begin(second_photo_path(), faces[0])
        else:
            self.edit(second_photo_path())

    def edit(self, file_path: Path) -> None:
        """Edit a photo, whose size the document then has; asks what for where there is a choice."""
        self.as_photo(file_path, lambda: self._edit(file_path))

    def as_photo(self, file_path: Path, use_photo: Callable[[], object]) -> None:
        """Call ``use_photo``; for a file that looks like a label map only if the user says that it is a photo."""

        def ask(kind: str) -> None:
            if kind != "label_map":
                use_photo()
                return
            choices = [
                Choice("map", "map", tr("Open it as a label map"), tr("Its values or colours name the labels")),
                Choice("photo", "photo", tr("Take it for a photo"), tr("Its regions are looked for")),
            ]
            question = self.tr("{0} looks like a label map, not like a photo. What is it?").format(file_path.name)
            dialog = ChoiceDialog(self.tr("Photo or label map"), question, choices, parent=self._context.window)
            dialog.chosen.connect(lambda choice: use_photo() if choice == "photo" else self.map_opened.emit(file_path))
            dialog.open()

        self._core.submit(
            lambda work: sniff(file_path), text=self.tr("Opening {0}").format(file_path.name), topic=OPEN, on_done=ask
        )

    def _edit(self, file_path: Path) -> None:
        offered_uses = photo_uses(self._document, self._core.catalogue)
        if not offered_uses:
            self._core.hub.warning(
                self.tr("No weights that restyle photos are installed; a new painting can be made of the photo.")
            )
            return
        choices = [
            Choice(
                str(position), "photo", _use_caption(use, offered_uses), self.tr("Edited with {0}").format(use.weights)
            )
            for position, use in enumerate(offered_uses)
        ]
        title = self.tr("New from photo")
        ask_which_use(self._context, title, file_path, choices, lambda n: self.begin(file_path, offered_uses[n]))

    def begin(self, photo: Path | PhotoReference, use: PhotoUse) -> None:
        """Make a document of a photo: it is shown at once, and its regions are found behind it."""

        def settle(original: Original) -> None:
            self._unsaved.settle(lambda: self._begin(original, use))

        self._core.submit(
            lambda work: original_for(work, photo),
            text=self.tr("Opening {0}").format(photo.name),
            topic=OPEN,
            on_done=settle,
        )

    def _begin(self, original: Original, use: PhotoUse, values: Mapping[str, Any] = MappingProxyType({})) -> None:
        """``values``: of other fields of the scene, by name."""
        self._core.originals.keep(original)
        name, label_set = original.reference.name, use.label_set
        self._document.new(
            label_set=label_set,
            label_map=FrozenMap.blank(*original.pixels.shape[:2]),
            picture=original.pixels,
            weights=use.weights,
            kind=use.kind,
            photo=original.reference,
            text=self.tr("New from {0}").format(name),
            undoable=not self._document.untouched,
            **values,
        )
        self._document.mark_saved()
        for note in original.notes:
            self._core.hub.notice(note)
        self._document.origin.awaits_regions = True
        self._find_regions(original)

    def _find_regions(self, original: Original | None = None) -> None:
        """Find the regions of the document's photo, if they are still to be found: also when undo or redo leads back to
        a document that was left before they came."""
        photo, label_set = self._document.photo, self._document.label_set
        if photo is None or not self._document.origin.awaits_regions:
            return
        parser, finder = self._core.catalogue.parser_for(label_set), self._core.catalogue.face_finder()
        finder = finder if self._document.kind.has_frames else None
        self._core.submit(
            lambda work: photo_regions(
                work, original or original_for(work, photo), label_set=label_set, parser=parser, finder=finder
            ),
            text=self.tr("Finding the regions of {0}").format(photo.name),
            on_done=lambda found_regions: self._regions_found(*found_regions),
            only_for=self._document,
        )

    def _regions_found(self, label_map: FrozenMap, regions: Regions) -> None:
        if not self._document.origin.awaits_regions:
            return  # a map took their place, or they were found twice
        others = states_of_faces(face for face in regions.faces if face != regions.face)
        frames = {"face": regions.face, "other_frames": others} if regions.faces else {}
        self._document.pixels.take_regions(label_map, {"looked_at": regions.looked_at, **frames})
        choose_first_label(self._context)
        sentences = [doubt_text(self._document.label_set, regions.doubtful)]
        if regions.looked_at is not None and regions.face is None:
            rest = self.tr("Only the face in the dashed frame was looked at: what lies outside stays as it is.")
            sentences.insert(0, rest)
        if any(sentences):
            self._core.hub.notice(" ".join(filter(None, sentences)), topic=REST)
        self._warn(regions.warnings)
        hint = self.tr("Drop a picture on a region: only its colours and texture are taken")
        if len(regions.faces) > 1:
            hint = self.tr("{0} faces: the largest is edited; a click on another one's number changes to it")
        self._context.status.show_message(hint.format(len(regions.faces)))

    @Slot()
    def _forget_warnings(self) -> None:
        """What was said of another photo."""
        self._core.hub.clear(TOPIC)

    def _warn(self, warnings: tuple[str, ...]) -> None:
        if warnings:
            self._core.hub.warning(" ".join(warnings), topic=TOPIC)

    # --- what nobody looked at ----------------------------------------------------------------------

    @Slot()
    def count_rest(self) -> None:
        """Take what lies outside the part that was looked at as background, as one step."""
        self._document.change("looked_at", None)

    def _tell_rest(self, labels: frozenset[int]) -> None:
        """A style of the background reaches no farther than somebody looked."""
        document = self._document
        is_of_background = BACKGROUND in labels & document.styles.keys() and has_background(document.label_set)
        if document.looked_at is not None and is_of_background:
            sentence = self.tr("Outside the dashed frame the background stays as it is: the body may be there too.")
            self._core.hub.notice(sentence, topic=REST, remedy="photo_rest")

    def _looked_at_changed(self, *_: object) -> None:
        all_seen = self._document.looked_at is None
        self._rest_action.setEnabled(not all_seen)
        if all_seen:
            self._core.hub.clear(REST)

    # --- a file of such a document ------------------------------------------------------------------

    def open(self, opened_file: Found, label_set: LabelSet, use_opened: Callable[[OpenedPhoto], object]) -> None:
        """Read the photo that a file refers to, then call ``use_opened``. One that is gone can be found again."""
        parser, request = self._core.catalogue.parser_for(label_set), opened_file.photo_request
        assert request is not None

        def use_photo(opened: OpenedPhoto) -> None:
            self._core.originals.keep(opened.original)
            use_opened(opened)
            self._warn(opened.warnings)

        def failed(error: EngineError) -> None:
            if not isinstance(error, MissingPhoto):
                self._core.hub.error(error, topic=OPEN)
            elif not (
                self.ask(self.tr("The photo is missing"), translate(str(error)), self.tr("Find the photo..."))
                and self._choose_again(request.photo, use_original)
            ):
                sentence = self.tr("{0} was not opened: its photo is missing")
                self._context.status.show_message(sentence.format(opened_file.path.name))

        def use_original(original: Original, same: bool) -> None:
            self.open(opened_file.with_photo(original.reference, keep_map=same), label_set, use_opened)

        self._core.submit(
            lambda work: read_photo_document(work, opened_file, label_set=label_set, parser=parser),
            text=self.tr("Opening {0}").format(opened_file.path.name),
            topic=OPEN,
            on_done=use_photo,
            on_failed=failed,
        )

    # --- a photo that went away ---------------------------------------------------------------------

    @Slot()
    def find_photo(self) -> None:
        """Ask where the document's photo is now."""
        document = self._document

        def use_original(original: Original, same: bool) -> None:
            if same:
                document.change("photo", original.reference, text=self.tr("Find photo"))
                return
            edits, use = document.styling.edits, PhotoUse(document.kind, document.label_set, document.weights)
            self._begin(original, use, document.scene.beside_photo())
            document.styling.paste_edits(edits)

        if document.photo is not None:
            self._choose_again(document.photo, use_original)

    def _choose_again(self, wanted: PhotoReference, use_original: Callable[[Original, bool], object]) -> bool:
        """Call ``use_original`` with the photo that the user names, and whether it is the very same. That one is taken
        wherever it is, another only if the user means it. False if the user names none."""
        file_path = self._context.ask.open("photo", self.tr("Find {0}").format(wanted.name), picture_filters())
        if file_path is None:
            return False

        def check_same(original: Original) -> None:
            same = original.reference.sha256 == wanted.sha256
            if not same and not self.ask(
                self.tr("Another photo"),
                self.tr("{0} is not the photo that was edited. Take it all the same?").format(file_path.name),
                self.tr("Take it"),
            ):
                return
            self._core.originals.keep(original)
            use_original(original, same)

        self._core.submit(
            lambda work: original_for(work, file_path),
            text=self.tr("Opening {0}").format(file_path.name),
            topic=OPEN,
            on_done=check_same,
        )
        return True

    def ask(self, title: str, question: str, answer: str) -> bool:
        """Whether the user takes the offered answer; tests replace this question."""
        box = QMessageBox(QMessageBox.Icon.Question, title, question, parent=self._context.window)
        button = box.addButton(answer, QMessageBox.ButtonRole.AcceptRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.exec()
        box.deleteLater()
        return box.clickedButton() is button

    # --- what the canvas compares with --------------------------------------------------------------

    def _show_original(self, *_: object) -> None:
        photo = self._document.photo if self._document.kind.shows_photo else None
        pixels = self._core.originals.pixels(photo)
        self._canvas.set_original(pixels)
        if photo is not None and pixels is None:
            self._core.submit(
                lambda work: original_for(work, photo),
                text=self.tr("Opening {0}").format(photo.name),
                topic=OPEN,
                on_done=self._original_read,
                only_for=self._document,
            )

    def _original_read(self, original: Original) -> None:
        self._core.originals.keep(original)
        if self._document.photo == original.reference:
            self._canvas.set_original(original.pixels)
            self._render.render_now()


def _use_caption(use: PhotoUse, offered_uses: list[PhotoUse]) -> str:
    """What the photo shows, and what is done with it where that is not the same for all."""
    shown = set_name(use.label_set)
    if use.kind.offer is None or all(offered_use.kind == use.kind for offered_use in offered_uses):
        return shown
    return f"{tr(use.kind.offer.caption)}: {shown}"


def ask_which_use(
    context: Context, title: str, file_path: Path, choices: list[Choice], take_use: Callable[[int], object]
) -> None:
    """What a photo is for: asked where there are several choices, whose ids are their positions."""
    if len(choices) == 1:
        take_use(0)
        return
    question = tr("What does {0} show?").format(file_path.name)
    dialog = ChoiceDialog(title, question, choices, parent=context.window)
    dialog.chosen.connect(lambda which: take_use(int(which)))
    dialog.open()
