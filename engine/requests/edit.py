"""Edit: restyle regions of a photograph; everything else stays, sample by sample."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
from msgspec import Meta, structs

from engine.errors import BadRequest, Message
from engine.files import PathLike
from engine.labels.looked_at import Part, check_part
from engine.labels.pieces import FIRST_PIECE, MOST_PIECES, is_piece
from engine.pictures.face_frames import FaceFrame, check_face
from engine.pictures.images import PICTURE_SUFFIXES
from engine.pictures.photo_files import write_photo
from engine.pictures.photos import Photo
from engine.requests.base import Frozen, Report, Request, Services
from engine.requests.editing.filled_hole import FilledHole
from engine.requests.json_text import to_json
from engine.requests.label_map_data import LabelMapData
from engine.requests.photo_reference import PhotoReference
from engine.requests.render import LOCKS, PIECES, sort_locks, sort_pieces
from engine.requests.styles import Style, as_in_file, as_label, as_region, located

Array = np.ndarray


class RegionEdit(Frozen, frozen=True):
    """One row of the list of edits.

    label: whose region is restyled, or the number of a piece that is. style: what it takes. strength: 0 leaves the
    photo, 1 is the whole change. on: False keeps the row and does nothing.
    """

    label: Annotated[int, Meta(ge=0, le=FIRST_PIECE + MOST_PIECES - 1)]
    style: Style
    strength: Annotated[float, Meta(ge=0, le=1)] = 1.0
    on: bool = True

    def __post_init__(self) -> None:
        if not is_piece(self.label):
            structs.force_setattr(self, "label", as_label(self.label, "label"))
        if not 0 <= self.strength <= 1:
            raise BadRequest('The key "strength" is {0}; give a number from 0 to 1.', self.strength)


class FrameEdits(Frozen, frozen=True):
    """The edits of one frame of a photo beside others; all fields as `EditRequest` has them.

    face: its frame, None for the whole photo. A face without edits claims its regions all the same: those of the face
    beside it do not reach into it.
    """

    face: FaceFrame | None = None
    edits: tuple[RegionEdit, ...] = ()
    label_map: LabelMapData | None = None
    looked_at: Part | None = None
    reshaped_map: LabelMapData | None = None
    pieces: dict[int, int] = {}
    piece_map: LabelMapData | None = None
    style_locks: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        _check_frame(self)

    def __hash__(self) -> int:
        return _hash_of(self)

    @property
    def changes_photo(self) -> bool:
        """Whether it does anything."""
        return self.reshaped_map is not None or any(edit.on and edit.strength > 0 for edit in self.edits)

    def located(self, folder: Path) -> FrameEdits:
        """As `Request.located`."""
        return self.replace(edits=_located(self.edits, folder))

    def as_in_file(self, target: PathLike) -> FrameEdits:
        """As `Request.as_in_file`."""
        return self.replace(edits=_as_in_file(self.edits, target))


@dataclass(frozen=True)
class EditResult:
    """The edited photo's samples, of the photo's own type and of the size that was asked for; the photo at that size,
    with what its file brought along; the request that they are the result of; seconds taken."""

    samples: Array
    photo: Photo
    request: EditRequest
    seconds: float
    notes: tuple[str, ...] = ()

    def save(self, path: PathLike, *, keep_place: bool = False) -> None:
        """As `write_photo`, by the name's suffix; a PNG carries its request. Raises BadFile.

        A photo inside the request has in it where it was taken: without `keep_place` the PNG knows it by name and hash.
        """
        request = self.request.as_in_file(path)
        if not keep_place:
            request = request.replace(photo=request.photo.replace(data=None))
        write_photo(path, self.samples, self.photo, keep_place=keep_place, request_json=to_json(request))

    def facts(self) -> dict[str, Any]:
        """Its size, depth, and how many of its pixels differ from the file's."""
        changed = self.samples != self.photo.samples
        changed = changed.any(axis=-1) if changed.ndim == 3 else changed
        height, width = self.samples.shape[:2]
        size = {"width": width, "height": height, "bits": 8 * self.samples.dtype.itemsize}
        return {**size, "changed": float(changed.mean()), "seconds": self.seconds}

    def lines(self) -> list[str]:
        """The same, in one line."""
        facts = self.facts()
        size = f"{facts['width']} x {facts['height']}"
        return [f"{size}, {facts['bits']} bits  {facts['changed']:.1%} changed  {facts['seconds']:.2f} s"]


class EditRequest(Request[EditResult], frozen=True, tag="edit"):
    """Restyle regions of a photo.

    edits: at most one per label, and one per piece, which its label's edit leaves out. pieces: the label of each piece
    that has an edit of its own; piece_map: where they lie in the whole photo, any size (`engine.labels.pieces`).
    label_map: of the whole photo, any size, given or corrected by the user; the parser finds it otherwise.
    reshaped_map: of the size of label_map: where it differs, the photo is painted anew, its regions in the shapes of
    this map, and edits are of those. looked_at: the part of the photo in which regions were looked for; label 0 outside
    it is not restyled. None: all of it where the map is given, else what the parser looked at; `WHOLE` counts what lies
    around that as label 0. view: longer side in pixels of the picture asked for, where a window needs no more; 0 is the
    photo's own size. style_locks, label_locks: as in `RenderRequest`, they decide nothing of the picture. face: the
    frame that is edited, in longer sides of the photo, which parser and painter see upright; None: they see the photo
    as it stands. other_frames: other frames of the photo with their own regions and edits; each frame at most once.
    Where frames overlap, the nearer one has the pixel (`engine.compose.sharing`). filled_holes: what of the photo is
    filled before anything else is done with it, one after the other.
    """

    task: ClassVar[Message] = Message("restyle photos")
    suffixes: ClassVar[tuple[str, ...]] = PICTURE_SUFFIXES
    unless_empty: ClassVar[tuple[str, ...]] = (
        *LOCKS, *PIECES, "looked_at", "reshaped_map", "face", "other_frames", "filled_holes",
    )  # fmt: skip

    photo: PhotoReference
    edits: tuple[RegionEdit, ...]
    label_map: LabelMapData | None = None
    looked_at: Part | None = None
    view: Annotated[int, Meta(ge=0)] = 0
    style_locks: tuple[int, ...] = ()
    label_locks: tuple[int, ...] = ()
    reshaped_map: LabelMapData | None = None
    face: FaceFrame | None = None
    other_frames: tuple[FrameEdits, ...] = ()
    filled_holes: tuple[FilledHole, ...] = ()
    pieces: dict[int, int] = {}
    piece_map: LabelMapData | None = None

    def __post_init__(self) -> None:
        _check_frame(self)
        frames = [self.face, *(frame.face for frame in self.other_frames)]
        if len(set(frames)) < len(frames):
            raise BadRequest("The request has one frame twice; keep each frame once.")
        if self.view < 0:
            raise BadRequest('The key "view" is {0}; give a number of pixels, or 0 for the whole photo.', self.view)

    def located(self, folder: Path) -> EditRequest:
        """As `Request.located`."""
        return self.replace(
            photo=self.photo.located(folder),
            edits=_located(self.edits, folder),
            other_frames=tuple(frame.located(folder) for frame in self.other_frames),
        )

    def as_in_file(self, target: PathLike) -> EditRequest:
        """As `Request.as_in_file`: a region takes its colours from the style's picture, which its code has not."""
        return self.replace(
            photo=self.photo.as_in_file(target),
            edits=_as_in_file(self.edits, target),
            other_frames=tuple(frame.as_in_file(target) for frame in self.other_frames),
        )

    def check_data(self) -> None:
        """A damaged photo or label map is found when the request is read."""
        self.photo.check_data()
        for frame in (self.own_frame, *self.other_frames):
            for label_map in (frame.label_map, frame.reshaped_map, frame.piece_map):
                if label_map is not None:
                    label_map.array()
        for hole in self.filled_holes:
            hole.check_data()

    def __hash__(self) -> int:
        return _hash_of(self)

    @property
    def own_frame(self) -> FrameEdits:
        """What it says of the frame that it names itself."""
        return FrameEdits(**{key: getattr(self, key) for key in FrameEdits.__struct_fields__})

    def of_frame(self, frame: FrameEdits) -> EditRequest:
        """The same photo with the edits of one frame alone."""
        return self.replace(other_frames=(), **{key: getattr(frame, key) for key in FrameEdits.__struct_fields__})

    def run(self, services: Services, report: Report) -> EditResult:
        """Read the photo, find its regions, fit the changes, compose.

        Raises MissingPhoto, BadFile, BadLabelMap, BadRequest, MissingStyle, WeightsError, NotSupported, Cancelled.
        """
        from engine.requests.editing.job import edited  # what composes photos is loaded where one is edited

        started = time.perf_counter()
        report(0.0, Message("reading"))
        samples, photo, notes = edited(self, services, report)
        return EditResult(samples, photo, self, time.perf_counter() - started, notes)


def _check_frame(frame: EditRequest | FrameEdits) -> None:
    """Make its pieces plain numbers and sort its locks. Raise BadRequest: two edits are of one region, one edit or lock
    is of no piece there is, or a part or a frame is none."""
    sort_pieces(frame)
    sort_locks(frame)
    labels = [as_region(edit.label, "edits", frame.pieces) for edit in frame.edits]
    if len(set(labels)) < len(labels):
        raise BadRequest("The request edits one label twice; keep one edit per label.")
    if frame.looked_at is not None:
        check_part(frame.looked_at)
    if frame.face is not None:
        check_face(frame.face)


def _hash_of(request: EditRequest | FrameEdits) -> int:
    values = (getattr(request, key) for key in request.__struct_fields__)
    return hash(tuple(tuple(value.items()) if isinstance(value, dict) else value for value in values))


def _located(edits: tuple[RegionEdit, ...], folder: Path) -> tuple[RegionEdit, ...]:
    return tuple(edit.replace(style=located(edit.style, folder)) for edit in edits)


def _as_in_file(edits: tuple[RegionEdit, ...], target: PathLike) -> tuple[RegionEdit, ...]:
    return tuple(edit.replace(style=as_in_file(edit.style, target, codes_suffice=False)) for edit in edits)
