"""A photo whose regions are to have other shapes: painted where its two label maps differ, in its own styles."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from msgspec import structs

from engine.compose.samples import as_colours
from engine.compose.shapes.reshaping import Reshape, plan_reshape
from engine.compose.strands import STRANDED
from engine.errors import BadRequest, Message
from engine.labels.label_maps import check_label_map, resize_label_map
from engine.labels.looked_at import Part, slices_of
from engine.labels.pieces import is_piece
from engine.pictures.face_frames import FaceFrame, brought_back
from engine.pictures.profiles import from_srgb
from engine.requests.base import Report, Services
from engine.requests.editing.face import turned_map
from engine.requests.editing.frame import SIDE, WHOLE_SIDE, Frame
from engine.requests.label_map_data import LabelMapData
from engine.requests.render import RenderRequest, read_codes
from engine.requests.styles import ImageStyle, Style, encode_code

if TYPE_CHECKING:
    from engine.painting.painter import Painter
    from engine.requests.edit import EditRequest

Array = np.ndarray
ROOM, STEP = 8, 32
"""Pixels of the frame around what changes, and of which a painted side is a multiple."""


@dataclass(frozen=True)
class ReshapedFrame:
    """What becomes of the part of a photo inside `box`."""

    plan: Reshape
    box: Part

    def of(self, samples: Array, report: Callable[[float], None] | None = None) -> Array:
        """Samples (H, W[, C]) of the whole photo at any size with their regions reshaped; the argument stays."""
        rows, columns = slices_of(self.box, *samples.shape[:2])
        changed = samples.copy()
        self.plan.apply(changed, rows.start, columns.start, rows.stop, columns.stop, report)
        return changed


def wanted_map(request: EditRequest, frame: Frame) -> Array:
    """(h, w) uint8: the regions that a frame of the photo is to show.

    Raises BadRequest: there is no label map of what the photo shows, or it is of another size; BadLabelMap.
    """
    assert request.reshaped_map is not None
    reshaped = request.reshaped_map.array()
    if request.label_map is None or request.label_map.array().shape != reshaped.shape:
        raise BadRequest(
            '"{0}": regions are reshaped against a label map of what the photo shows; give both, of one size.',
            request.photo.name,
        )
    check_label_map(reshaped, frame.label_set, Message("the label map of the reshaped photo"))
    framed, size = slices_of(frame.box, *reshaped.shape), frame.label_map.shape
    base, wanted = (resize_label_map(ids[framed], *size) for ids in (request.label_map.array(), reshaped))
    return np.where(base == wanted, frame.painted_map, wanted)  # a map that was resized in another way differs nowhere


def changes_beyond(request: EditRequest, frame: Frame) -> bool:
    """Whether the two label maps differ outside the frame."""
    if request.reshaped_map is None or request.label_map is None:
        return False
    base, reshaped = request.label_map.array(), request.reshaped_map.array()
    if base.shape != reshaped.shape:
        return False
    differs = base != reshaped
    differs[slices_of(frame.box, *differs.shape)] = False
    return bool(differs.any())


def added_styles(request: EditRequest, own_styles: dict[int, Style]) -> dict[int, Style]:
    """The styles of edits of labels that have none in the photo: those are painted in them."""
    added = (edit for edit in request.edits if edit.on and not is_piece(edit.label))
    return {edit.label: edit.style for edit in added if edit.label not in own_styles}


def reshaped_frame(
    request: EditRequest, frame: Frame, painter: Painter, services: Services, profile: bytes | None, report: Report
) -> ReshapedFrame:
    """Paint the regions as they are wanted, each in the photo's own style, and decide what becomes of the photo.

    A label that the photo does not show is painted in the style of its edit, if it has one.

    Raises as `wanted_map`, and what `engine.requests.render.read_codes` raises.
    """
    wanted = wanted_map(request, frame)
    styles = photo_styles(painter, frame, services)
    added = added_styles(request, styles)
    styles |= {label: style for label, style in added.items() if (wanted == label).any()}
    square, painted_map = None, wanted
    if frame.upright is not None:
        square, size = _square_around(frame.upright.face, wanted != frame.painted_map)
        painted_map = turned_map(wanted, square, size)
    painting = RenderRequest(request.weights, LabelMapData.from_array(painted_map), styles)
    codes, _ = read_codes(painting, painter, services, report)

    def painted_blocks(_number: int, _count: int) -> None:
        report(0.3, Message("painting"))

    pixels, _ = painter.paint(painting, codes, painted_blocks)
    painted = as_colours(from_srgb(pixels, profile))
    plan = plan_reshape(
        frame.colours,
        frame.painted_map,
        wanted,
        painted if square is None else _turned_back(painted, square, frame.colours),
        stranded=[label.id for label in frame.label_set.labels if label.name in STRANDED],
    )
    return ReshapedFrame(plan, frame.box)


def _square_around(face: FaceFrame, changed: Array) -> tuple[FaceFrame, int]:
    """The face's square, in pixels of the frame, or one around the same centre that holds all that changes (h, w) bool
    as well; and its side where the face is as large as networks know it, at most `WHOLE_SIDE`."""
    rows, columns = np.nonzero(changed)
    grown = 1.0
    if len(rows):
        places = np.stack([columns + 0.5, rows + 0.5], axis=-1)
        reach = np.abs((places - (face.x, face.y)) @ face.axes().T).max() + ROOM
        grown = max(1.0, 2 * float(reach) / face.side)
    size = math.ceil(grown * SIDE / STEP) * STEP
    return structs.replace(face, side=face.side * size / SIDE), min(size, WHOLE_SIDE)


def _turned_back(painted: Array, square: FaceFrame, colours: Array) -> Array:
    """Colours (h, w, 3) of the frame: as painted (S, S, 3) in its upright square, the photo's beyond that."""
    height, width = colours.shape[:2]
    inside = brought_back(np.ones(painted.shape[:2], np.float32), square, height, width)[..., None]
    turned = brought_back(np.ascontiguousarray(painted, np.float32), square, height, width)
    return (turned + (1 - inside) * colours).astype(np.float32)


def photo_styles(painter: Painter, frame: Frame, services: Services) -> dict[int, Style]:
    """The styles of the photo's own regions, by label."""
    codes = services.codes.encode(painter, *frame.painted())
    return {
        int(label): ImageStyle(path="", label=int(label), code=encode_code(codes.codes[label]))
        for label in np.flatnonzero(codes.present)
    }
