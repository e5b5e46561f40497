"""The frame of a photo around a face: networks see it upright, and what they say comes back by the inverse map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from engine.compose.mattes import soft_labels
from engine.compose.samples import as_colours
from engine.errors import Message
from engine.labels.doubts import doubt_about
from engine.labels.label_maps import check_label_map, resize_label_map
from engine.labels.label_sets import LabelSet
from engine.labels.looked_at import UNSEEN, WHOLE, Part, slices_of, without_unseen
from engine.pictures.face_frames import FaceFrame, brought_back, upright
from engine.pictures.images import resize_image
from engine.pictures.profiles import to_srgb
from engine.requests.editing.frame import SIDE, WHOLE_SIDE, Frame, Upright, cut_off, no_parser
from engine.requests.faces.regions import SEEN
from engine.requests.label_map_data import LabelMapData
from engine.requests.parse import LabelMapFinder

Array = np.ndarray


@dataclass(frozen=True)
class _View:
    """The part of a photo that a frame shows, small.

    rows, columns: of the photo. size: (h, w) of the frame. face: where the face lies, in the frame's pixels.
    """

    rows: slice
    columns: slice
    size: tuple[int, int]
    face: FaceFrame

    @classmethod
    def of(cls, face: FaceFrame, rows: slice, columns: slice) -> _View:
        """face: in pixels of the photo; it is `SIDE` pixels wide in the frame, or less where that is too large."""
        extent = rows.stop - rows.start, columns.stop - columns.start
        factor = min(SIDE / face.side, WHOLE_SIDE / max(extent))
        height, width = (max(1, round(length * factor)) for length in extent)
        local = FaceFrame(
            (face.x - columns.start) * factor, (face.y - rows.start) * factor, face.side * factor, face.turn
        )
        return cls(rows, columns, (height, width), local)

    def box(self, height: int, width: int) -> Part:
        """The part of a photo of that size."""
        rows, columns = self.rows, self.columns
        return rows.start / height, columns.start / width, rows.stop / height, columns.stop / width

    def brought_back(self, shares: Array) -> tuple[Array, Array]:
        """(L, S, S) of the upright face -> (L, h, w) of the frame, and (h, w) how much of a pixel lies in the face's
        square."""
        inside = brought_back(np.ones(shares.shape[1:], np.float32), self.face, *self.size)
        return np.stack([brought_back(share, self.face, *self.size) for share in shares.astype(np.float32)]), inside


class _Regions(NamedTuple):
    """label_map: (h, w) of the frame. whole_map: of the whole photo, any size. Both with `UNSEEN`. upright_map: (SIDE,
    SIDE) of the upright face. warnings, cut_labels: as a `Frame` has them."""

    label_map: Array
    whole_map: Array
    upright_map: Array
    warnings: tuple[str, ...] = ()
    cut_labels: tuple[int, ...] = ()


def frame_around_face(
    photo: Array,
    face: FaceFrame,
    label_set: LabelSet,
    parser: LabelMapFinder | None,
    profile: bytes | None = None,
    *,
    looked_at: Part | None = None,
    requested_map: LabelMapData | None = None,
    shows_all: bool = False,
) -> Frame:
    """The frame of a photo around one of its faces, its label map found in the upright face unless given.

    Args:
        photo: (H, W, 3) uint8, `as_seen`, at its own size, in the colours of its ICC `profile`.
        face: in longer sides of the photo. label_set, parser: whose labels are found.
        looked_at: the part in which the regions of `requested_map` were looked for. Without that map, `WHOLE` counts
            what lies around the face as label 0; otherwise nobody looked there.
        requested_map: of the whole photo; the frame also shows the regions that it has beyond the face's square.
        shows_all: the frame shows all of the photo, as regions are edited that go on.

    The frame's own arrays lie as the photo does: only probabilities are turned back.

    Raises WeightsError: there is neither a map nor a parser; BadLabelMap.
    """
    height, width = photo.shape[:2]
    in_photo = face.scaled(max(height, width))
    seen = to_srgb(upright(photo, in_photo, SIDE), profile)
    shares = None if parser is None else parser.probabilities(seen)  # (L, SIDE, SIDE)
    given_map = None if requested_map is None else _checked(requested_map, label_set)
    everything = slice(0, height), slice(0, width)
    view = _View.of(in_photo, *(everything if shows_all else _around(in_photo, given_map, height, width)))
    known = None
    if shares is not None:
        turned, inside = view.brought_back(shares)
        known = np.where(inside >= SEEN, turned / np.maximum(inside, SEEN), 1 / len(label_set))
    if given_map is not None:
        regions = _given_regions(without_unseen(given_map, looked_at), view, height, width)
    elif parser is None or shares is None:
        raise no_parser(label_set)
    else:
        beyond = np.uint8(0 if looked_at == WHOLE else UNSEEN)
        label_map = np.where(inside >= SEEN, turned.argmax(0), beyond).astype(np.uint8)
        whole_map, upright_map = _whole_map(label_map, view, height, width, beyond), shares.argmax(0).astype(np.uint8)
        warnings = warnings_of(parser, seen, upright_map, label_set)
        regions = _Regions(label_map, whole_map, upright_map, warnings, cut_off(np.pad(upright_map, 1)))
    cut = resize_image(photo[view.rows, view.columns], *view.size)
    return Frame(
        to_srgb(cut, profile),
        as_colours(cut),
        regions.label_map,
        soft_labels(regions.label_map, len(label_set), known),
        view.box(height, width),
        regions.whole_map,
        label_set,
        regions.warnings,
        regions.cut_labels,
        Upright(seen, regions.upright_map, view.face),
        has_unseen=bool((regions.whole_map == UNSEEN).any()),
    )


def _checked(requested_map: LabelMapData, label_set: LabelSet) -> Array:
    label_map = requested_map.array()
    check_label_map(label_map, label_set, Message("the label map of the photo"))
    return label_map


def warnings_of(parser: LabelMapFinder, seen: Array, upright_map: Array, label_set: LabelSet) -> tuple[str, ...]:
    """Why the regions (S, S) that were found in an upright face (S, S, 3) may be wrong."""
    _, _, warnings, _, _ = parser.parse(seen)
    if not warnings and (doubt := doubt_about(upright_map, label_set)):
        return (Message("its regions cannot be right, {0}; correct its label map.", doubt),)
    return warnings


def turned_map(label_map: Array, face: FaceFrame, size: int) -> Array:
    """What a frame (in the map's pixels) shows of a label map (h, w), upright, (size, size): each label's share is
    turned, and the largest counts."""
    ids = np.unique(label_map)
    shares = [upright((label_map == each).astype(np.uint8) * 255, face, size) for each in ids]
    turned: Array = ids[np.argmax(shares, axis=0)]
    return turned


def _given_regions(whole_map: Array, view: _View, height: int, width: int) -> _Regions:
    """The regions of a frame by a label map of the whole photo, with `UNSEEN`."""
    sized = resize_label_map(whole_map, height, width)[view.rows, view.columns]
    label_map = resize_label_map(sized, *view.size)
    painted_map = np.where(label_map == UNSEEN, np.uint8(0), label_map)
    return _Regions(label_map, whole_map, turned_map(painted_map, view.face, SIDE))


def _around(frame: FaceFrame, given_map: Array | None, height: int, width: int) -> tuple[slice, slice]:
    """Rows and columns of the photo that hold a frame, in pixels, and the regions of a label map, background apart; at
    least one of each."""
    framed_rows, framed_columns = frame.box(height, width)
    if given_map is None or not given_map.any():
        return framed_rows, framed_columns
    rows, columns = np.flatnonzero(given_map.any(1)), np.flatnonzero(given_map.any(0))
    map_height, map_width = given_map.shape
    regions = rows[0] / map_height, columns[0] / map_width, (rows[-1] + 1) / map_height, (columns[-1] + 1) / map_width
    region_rows, region_columns = slices_of(regions, height, width)
    return (
        slice(min(framed_rows.start, region_rows.start), max(framed_rows.stop, region_rows.stop)),
        slice(min(framed_columns.start, region_columns.start), max(framed_columns.stop, region_columns.stop)),
    )


def _whole_map(label_map: Array, view: _View, height: int, width: int, beyond: np.uint8) -> Array:
    """The label map of the photo, where none of the frame's is lost: at the frame's scale, or the photo's if that is
    smaller; `beyond` outside of the frame."""
    rows, columns = view.rows, view.columns
    factor = min(1.0, label_map.shape[0] / (rows.stop - rows.start))
    size = max(1, round(height * factor)), max(1, round(width * factor))
    whole_map = np.full(size, beyond, np.uint8)
    framed = []
    for shown, length in zip((rows, columns), size):
        first = min(round(shown.start * factor), length - 1)
        framed.append(slice(first, min(max(round(shown.stop * factor), first + 1), length)))
    sides = [shown.stop - shown.start for shown in framed]
    whole_map[tuple(framed)] = resize_label_map(label_map, *sides)
    return whole_map
