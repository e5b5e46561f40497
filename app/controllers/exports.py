"""Saving, exporting, and what becomes of unsaved changes. A picture is never written with a request that it does
not show."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, Qt, Slot

from app.controllers.context import Context
from app.controllers.render import RenderController
from app.dialogs.files import export_filters, photo_filters
from app.document.origin import Exported, Origin
from app.document.saved.document_file import snapshot_of
from app.document.saved.saving import save_document
from app.document.scene import Scene
from app.errors_ui.hub import EXPORT
from app.jobs.work_lane import Work
from app.jobs.writing import (
    LOSSY_SUFFIXES,
    PhotoExport,
    save_photo_result,
    with_data,
    write_map,
    write_photo_result,
    write_picture,
    write_request,
)
from app.raster.frozen_maps import FrozenMap
from app.shell.i18n import tr
from engine.documents.document_file import SUFFIX
from engine.labels.label_maps import MapKind
from engine.labels.label_sets import LabelSet
from engine.pictures.images import PICTURE_SUFFIXES, QUALITY
from engine.requests.photo_reference import PhotoReference

UNTITLED = "tessera"


class ExportController(QObject):
    """Save, Save as, Export picture, Export label map."""

    def __init__(self, context: Context, render_controller: RenderController, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._document = context.core.document
        self._render = render_controller
        self._told_left_out: Origin | None = None  # the document whose other pictures were told of

    # --- commands -----------------------------------------------------------------------------------

    @Slot()
    def save(self) -> None:
        """Write the file that holds the document; ask for one the first time."""
        self.save_then(None)

    def save_then(self, continuation: Callable[[], object] | None) -> None:
        """Save, then call ``continuation``: not when the user gives no name, the write fails or is cancelled, or when
        the document has changed again by then. Stars that the present file cannot hold ask for another name, too."""
        target_path, origin = self._document.path, self._document.origin
        loses_stars = origin.has_unsaved_pictures and not origin.holds_pictures
        if target_path is None or loses_stars or target_path.suffix.lower() not in (SUFFIX, ".png", ".json"):
            target_path = self._ask_name()
        if target_path is not None:
            self._write(target_path, saving=True, continuation=continuation)

    @Slot()
    def save_as(self) -> None:
        """Ask for a name: a document with its kept pictures, a PNG that carries what made it, or the request alone."""
        target_path = self._ask_name()
        if target_path is not None:
            self._write(target_path, saving=True)

    @Slot()
    def export_picture(self) -> None:
        """Ask for a name and a format, and write the picture; a photo as a photo."""
        photo = self._photo
        if photo is not None:
            self._export_photo(self._document.scene, photo, f"{Path(photo.name).stem}-edited")
            return
        chosen_target = self._context.ask.save(
            "export", self.tr("Export picture"), self._name(".png"), export_filters()
        )
        if chosen_target is not None:
            target_path = chosen_target[0]
            origin, others = self._document.origin, self._document.kept.has_others(self._document.scene)
            holds_less = others or origin.saved_stars is not None  # than the strip, or the file that the document has
            saving = target_path.suffix.lower() == ".png" and not holds_less
            self._with_quality(target_path, lambda quality: self._write(target_path, saving=saving, quality=quality))

    @Slot()
    def export_map(self) -> None:
        """Ask for a name and a kind, and write the label map."""
        kinds_by_filter: dict[str, MapKind] = {
            self.tr("Indexed PNG, in the labels' colours (*.png)"): "indexed",
            self.tr("Raw PNG, grey values are label numbers (*.png)"): "raw",
            self.tr("Colour PNG (*.png)"): "colour",
        }
        chosen_target = self._context.ask.save(
            "map", self.tr("Export label map"), self._name("-labels.png"), ";;".join(kinds_by_filter)
        )
        if chosen_target is None or self._is_the_photo(chosen_target[0], self._photo):
            return
        target_path, used_filter = chosen_target
        label_map, label_set = self._document.scene.label_map, self._document.label_set
        map_kind = kinds_by_filter.get(used_filter, "indexed")
        self._context.core.submit(
            lambda work: _map_job(work, target_path, label_map, label_set, map_kind),
            text=_saving_text(target_path),
            topic=EXPORT,
            on_done=lambda _: self._said(target_path),
        )

    def export_kept(self, scene: Scene, pixels: np.ndarray, number: int) -> None:
        """Ask for a name and write a kept picture, (H, W, 3) uint8, that was made of a scene: a painting as it is kept,
        a photo again from its own samples. ``number`` goes into the proposed name."""
        photo = _photo_of(scene)
        if photo is not None:
            self._export_photo(scene, photo, f"{Path(photo.name).stem}-edited-{number}")
            return
        document_path = self._document.path
        proposed_name = f"{document_path.stem if document_path is not None else UNTITLED}-{number}.png"
        chosen_target = self._context.ask.save("export", self.tr("Export picture"), proposed_name, export_filters())
        if chosen_target is not None:
            target_path, origin = chosen_target[0], self._document.origin

            def write(quality: int) -> None:
                self._context.core.submit(
                    lambda work: _write_job(work, target_path, scene, pixels, False, quality),
                    text=_saving_text(target_path),
                    topic=EXPORT,
                    on_done=lambda _: self._exported(target_path, scene, origin, opens=_is_png(target_path)),
                )

            self._with_quality(target_path, write)

    def _with_quality(self, target_path: Path, write: Callable[[int], object]) -> None:
        """Call ``write`` with the quality that the user gives a JPEG or WebP file, at once for others."""
        if target_path.suffix.lower() not in LOSSY_SUFFIXES:
            write(QUALITY)
            return
        from app.dialogs.quality import QualityDialog

        dialog = QualityDialog(target_path, self._context.window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.chosen.connect(write)
        dialog.open()

    def _export_photo(self, scene: Scene, photo: PhotoReference, proposed_stem: str) -> None:
        from app.dialogs.export_photo import ExportPhotoDialog

        suffix = Path(photo.name).suffix.lower()
        suffix = suffix if suffix in PICTURE_SUFFIXES else ".png"
        chosen_target = self._context.ask.save(
            "export",
            self.tr("Export picture"),
            f"{proposed_stem}{suffix}",
            photo_filters(suffix),
            beside=_folder_of(photo),
        )
        if chosen_target is None or self._is_the_photo(chosen_target[0], photo):
            return
        target_path, origin = chosen_target[0], self._document.origin
        dialog = ExportPhotoDialog(target_path, self._context.window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.chosen.connect(lambda export: self._write_photo(target_path, scene, origin, export))
        dialog.open()

    def _write_photo(self, target_path: Path, scene: Scene, origin: Origin, export: PhotoExport) -> None:
        self._context.core.submit(
            lambda work: _photo_job(work, target_path, scene, export),
            text=_saving_text(target_path),
            topic=EXPORT,
            on_done=lambda _: self._exported(
                target_path, scene, origin, opens=_is_png(target_path) and not export.with_before
            ),
        )

    # --- inside -------------------------------------------------------------------------------------

    @property
    def _photo(self) -> PhotoReference | None:
        """The photo that the document is; None for a painting."""
        return _photo_of(self._document.scene)

    def _name(self, name_ending: str) -> str:
        """A proposed name; that of the document's own file has no second "-edited"."""
        document_path, photo = self._document.path, self._photo
        if document_path is not None:
            return f"{document_path.stem}{name_ending.removeprefix('-edited')}"
        return f"{Path(photo.name).stem if photo is not None else UNTITLED}{name_ending}"

    def _is_the_photo(self, target_path: Path, photo: PhotoReference | None) -> bool:
        """Whether the photo itself would be written over; the user is told."""
        if photo is None or photo.data is not None or not _is_same_file(target_path, Path(photo.path)):
            return False
        sentence = self.tr("{0} is the photo that is edited: choose another name, so that it stays as it is.")
        self._context.core.hub.error(sentence.format(target_path.name), topic=EXPORT)
        return True

    def _is_damaged(self, target_path: Path) -> bool:
        """Whether a file would be written over that could not be read whole; the user is told."""
        damaged_path = self._document.origin.damaged
        if damaged_path is None or not _is_same_file(target_path, damaged_path):
            return False
        sentence = self.tr("{0} is damaged and stays as it is, for more may be saved from it: choose another name.")
        self._context.core.hub.error(sentence.format(target_path.name), topic=EXPORT)
        return True

    def _ask_name(self) -> Path | None:
        """A name to save under. For a photo it also says whether the photo itself goes into the file."""
        picture, photo = self.tr("PNG that restores everything (*.png)"), self._photo
        document = self.tr("Tessera document, with all kept pictures (*.tessera)")
        document_inside = self.tr("Tessera document, with the photo inside (*.tessera)")
        inside = {
            document_inside,
            self.tr("PNG that restores everything, with the photo inside (*.png)"),
            self.tr("Edits, with the photo inside (*.json)"),
        }
        if photo is None:
            filters, proposed_name = [document, picture, self.tr("Request alone (*.json)")], self._name(SUFFIX)
        else:
            edits = self.tr("Edits of this photo, which stays beside the file (*.json)")
            more = [picture, edits, *sorted(inside - {document_inside}, reverse=True)]
            filters, proposed_name = [document, document_inside, *more], self._name(f"-edited{SUFFIX}")
        chosen_target = self._context.ask.save(
            "export", self.tr("Save as"), proposed_name, ";;".join(filters), beside=_folder_of(photo)
        )
        if chosen_target is None or self._is_the_photo(chosen_target[0], photo) or self._is_damaged(chosen_target[0]):
            return None
        self._document.origin.photo_inside = chosen_target[1] in inside
        return chosen_target[0]

    def _write(
        self,
        target_path: Path,
        *,
        saving: bool,
        continuation: Callable[[], object] | None = None,
        quality: int = QUALITY,
    ) -> None:
        scene, origin = self._document.scene, self._document.origin
        picture = self._document.picture if self._render.picture_shows(scene) else None
        photo_inside, stars = origin.photo_inside, origin.results.stars
        snapshot = snapshot_of(self._document, picture)
        autosaved = self._context.core.autosave.files

        def write(work: Work) -> None:
            if target_path.suffix.lower() == SUFFIX:
                save_document(work, target_path, snapshot, photo_inside=photo_inside, sources=autosaved)
            else:
                _write_job(work, target_path, scene, picture, photo_inside, quality)

        self._context.core.submit(
            write,
            text=_saving_text(target_path),
            topic=EXPORT,
            on_done=lambda _: self._written(target_path, scene, stars, origin, saving, continuation),
        )

    def _written(
        self,
        target_path: Path,
        scene: Scene,
        stars: Mapping[int, bool],
        origin: Origin,
        saving: bool,
        continuation: Callable[[], object] | None,
    ) -> None:
        document = self._document
        if saving:
            document.set_path(target_path, of=origin)  # it may be another document by now: that one's path stays
            self._context.core.settings.add_recent(target_path)
            document.timeline.mark_written(scene, stars, origin)
            self._said(target_path)
            self._tell_left_out(target_path, scene, origin)
        else:
            self._exported(target_path, scene, origin, opens=_is_png(target_path))
        if continuation is not None and document.origin is origin and not document.dirty:
            continuation()

    def _tell_left_out(self, target_path: Path, scene: Scene, origin: Origin) -> None:
        """What a saved file does not hold: the strip, unless it is a document's own. Once for each document."""
        if self._told_left_out is origin or origin is not self._document.origin:
            return
        if target_path.suffix.lower() != SUFFIX and self._document.kept.has_others(scene):
            self._told_left_out = origin
            sentence = self.tr(
                "{0} holds this picture and all that made it. The other pictures of the strip stand in no file: only a "
                "Tessera document holds them."
            )
            self._context.core.hub.notice(sentence.format(target_path.name), topic=EXPORT, remedy="save_as")

    def _exported(self, target_path: Path, scene: Scene, origin: Origin, *, opens: bool) -> None:
        origin.exported = Exported(target_path, scene, opens)
        self._said(target_path)

    def _said(self, target_path: Path) -> None:
        self._context.status.show_message(self.tr("Written: {0}").format(target_path.name))


def _saving_text(target_path: Path) -> str:
    """What is done while a file is made, whatever the engine does for it, and what Cancel means then."""
    if os.path.exists(target_path):  # writing it says what is wrong with its name
        return tr("Saving {0}; Cancel keeps the old file").format(target_path.name)
    return tr("Saving {0}; Cancel writes no file").format(target_path.name)


def _photo_of(scene: Scene) -> PhotoReference | None:
    """The photo that a document of the scene is; None for a painting."""
    return scene.photo if scene.kind.shows_photo else None


def _is_png(target_path: Path) -> bool:
    """Whether a picture written there carries what made it."""
    return target_path.suffix.lower() == ".png"


def _folder_of(photo: PhotoReference | None) -> str:
    """Where a photo lies; "" without one, and for a photo that is inside its document."""
    return "" if photo is None or photo.data is not None else str(Path(photo.path).parent)


def _is_same_file(first: Path, second: Path) -> bool:
    """Whether both paths lead to one file: by a link, or written in other letters where the disk does not care."""
    try:
        return first.samefile(second)
    except OSError:
        return first.absolute() == second


def _photo_job(work: Work, target_path: Path, scene: Scene, export: PhotoExport) -> None:
    """In the worker: the whole photo is composed from its own samples, then written."""
    with work.session() as session:
        result = session.run(scene.to_request(), lambda fraction, _: work.progress(fraction), work.cancel_event)
    work.progress(0.9)
    work.commit()
    write_photo_result(target_path, result, export)


def _write_job(
    work: Work, target_path: Path, scene: Scene, picture: np.ndarray | None, photo_inside: bool, quality: int
) -> None:
    """In the worker: make the result first where the picture at hand is not all of it, or shows something else."""
    request, is_photo = scene.to_request(), scene.kind.shows_photo
    if target_path.suffix.lower() == ".json":
        if is_photo and photo_inside:
            request = request.replace(photo=with_data(request.photo))
        work.commit()
        write_request(target_path, request)
        return
    result: Any = None
    if picture is None or is_photo:
        with work.session() as session:
            result = session.run(request, lambda fraction, _: work.progress(fraction), work.cancel_event)
    work.progress(0.9)
    work.commit()
    if is_photo:
        save_photo_result(target_path, result, photo_inside=photo_inside)
    else:
        pixels = scene.picture_of(result).pixels if picture is None else picture
        write_picture(target_path, pixels, request, quality)


def _map_job(work: Work, target_path: Path, label_map: FrozenMap, label_set: LabelSet, map_kind: MapKind) -> None:
    work.commit()
    write_map(target_path, label_map.array(), label_set, map_kind)
