"""The frame of a photo around a face: networks see it upright, and what they say comes back by the inverse map."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.compose.mattes import soft_labels
from engine.compose.samples import as_colours
from engine.errors import Message
from engine.labels.doubts import doubt_about
from engine.labels.label_maps import resize_label_map
from engine.labels.label_sets import LabelSet
from engine.labels.looked_at import UNSEEN, WHOLE, Part
from engine.pictures.face_frames import FaceFrame, brought_back, upright
from engine.pictures.images import resize_image
from engine.pictures.profiles import to_srgb
from engine.requests.editing.frame import SIDE, Frame, cut_off
from engine.requests.parse import LabelMapFinder

Array = np.ndarray
SEEN = 0.5
"""How much of a pixel lies in the frame for it to be one that the parser looked at."""


def frame_around_face(
    photo: Array,
    face: FaceFrame,
    label_set: LabelSet,
    parser: LabelMapFinder,
    profile: bytes | None = None,
    *,
    looked_at: Part | None = None,
) -> Frame:
    """The frame of a photo around one of its faces, its label map found in the upright face.

    Args:
        photo: (H, W, 3) uint8, `as_seen`, at its own size, in the colours of its ICC `profile`.
        face: in longer sides of the photo.
        label_set, parser: whose labels are found.
        looked_at: `WHOLE` counts what lies around the face as label 0; otherwise nobody looked there.

    The frame's own arrays lie as the photo does, so that a change is composed without turning it; only probabilities
    are turned back. `Frame.upright` holds what a network paints.
    """
    height, width = photo.shape[:2]
    in_photo = face.scaled(max(height, width))
    seen = to_srgb(upright(photo, in_photo, SIDE), profile)
    _, _, warnings, _, _ = parser.parse(seen)
    shares = parser.probabilities(seen)  # (L, SIDE, SIDE)
    upright_map = shares.argmax(0).astype(np.uint8)
    if not warnings and (doubt := doubt_about(upright_map, label_set)):
        warnings = (Message("its regions cannot be right, {0}; correct its label map.", doubt),)

    rows, columns = _around(in_photo, height, width)
    factor = SIDE / in_photo.side
    size = tuple(max(1, round((shown.stop - shown.start) * factor)) for shown in (rows, columns))
    cut = resize_image(photo[rows, columns], *size)
    local = FaceFrame(
        (in_photo.x - columns.start) * factor, (in_photo.y - rows.start) * factor, float(SIDE), in_photo.turn
    )
    inside = brought_back(np.ones((SIDE, SIDE), np.float32), local, *size)
    turned = np.stack([brought_back(share, local, *size) for share in shares.astype(np.float32)])
    is_seen = inside >= SEEN
    beyond = np.uint8(0 if looked_at == WHOLE else UNSEEN)
    label_map = np.where(is_seen, turned.argmax(0), beyond).astype(np.uint8)
    known = np.where(is_seen, turned / np.maximum(inside, SEEN), 1 / len(label_set))
    return Frame(
        pixels=to_srgb(cut, profile),
        colours=as_colours(cut),
        label_map=label_map,
        soft=soft_labels(label_map, len(label_set), known),
        box=(rows.start / height, columns.start / width, rows.stop / height, columns.stop / width),
        whole_map=_whole_map(label_map, rows, columns, height, width, beyond),
        label_set=label_set,
        warnings=warnings,
        cut_labels=cut_off(np.pad(upright_map, 1)),
        upright=(seen, upright_map),
    )


def seen_upright(frame: Frame, photo: Array, face: FaceFrame, profile: bytes | None = None) -> Frame:
    """A frame whose label map was given, with the upright face for networks that paint.

    photo, face: see `frame_around_face`. Of the map each label's share is turned, and the largest counts.
    """
    in_photo = face.scaled(max(photo.shape[:2]))
    on_map = face.scaled(max(frame.whole_map.shape))
    ids = np.unique(frame.whole_map)
    shares = [upright((frame.whole_map == each).astype(np.uint8) * 255, on_map, SIDE) for each in ids]
    upright_map = ids[np.argmax(shares, axis=0)]
    upright_map = np.where(upright_map == UNSEEN, np.uint8(0), upright_map)
    return replace(frame, upright=(to_srgb(upright(photo, in_photo, SIDE), profile), upright_map))


def _around(frame: FaceFrame, height: int, width: int) -> tuple[slice, slice]:
    """Rows and columns of the photo that hold a frame, in pixels; at least one of each."""
    corners = frame.corners()
    left, top = np.clip(np.floor(corners.min(0)), 0, (width - 1, height - 1)).astype(int).tolist()
    right, bottom = np.clip(np.ceil(corners.max(0)), (left + 1, top + 1), (width, height)).astype(int).tolist()
    return slice(top, bottom), slice(left, right)


def _whole_map(label_map: Array, rows: slice, columns: slice, height: int, width: int, beyond: np.uint8) -> Array:
    """The label map of the photo, where none of the frame's is lost: at the frame's scale, or the photo's if that is
    smaller; `beyond` outside of the frame."""
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
