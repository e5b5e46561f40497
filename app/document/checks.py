"""What the fields of a scene may hold: values from outside, checked, as a scene holds them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any, Literal, get_args

import numpy as np

from app.document.kinds import Kind, cannot_hold, kind_named
from app.raster.frozen_maps import FrozenMap
from engine.errors import BadLabelMap, BadRequest, Message
from engine.labels.label_maps import check_label_map
from engine.labels.label_sets import LabelSet
from engine.labels.looked_at import Part, check_part
from engine.labels.pieces import FIRST_PIECE, MOST_PIECES, check_pieces
from engine.pictures.face_frames import FaceFrame, check_face
from engine.requests.editing.filled_hole import FilledHole
from engine.requests.photo_reference import PhotoReference
from engine.requests.render import Detail
from engine.requests.styles import MAX_SEED, MeanStyle, Style

Precision = Literal["float32", "bfloat16"]


def checked_label(label: int, label_set: LabelSet) -> int:
    """A label id as a plain number. Raises BadRequest where the label set does not have it."""
    is_integer = isinstance(label, (int, np.integer)) and not isinstance(label, bool)
    if not is_integer or not 0 <= label < len(label_set):
        raise BadRequest(
            "The label {0} is not in the label set “{1}”, whose ids are 0 to {2}.",
            label,
            label_set.name,
            len(label_set) - 1,
        )
    return int(label)


def checked_region(region: int, label_set: LabelSet) -> int:
    """A label id or the number of a piece as a plain number. Raises BadRequest where it is neither."""
    if isinstance(region, int) and FIRST_PIECE <= region < FIRST_PIECE + MOST_PIECES:
        return region
    return checked_label(region, label_set)


def checked_regions(regions: Collection[int], label_set: LabelSet) -> frozenset[int]:
    """Label ids and numbers of pieces. Raises BadRequest where one is neither."""
    return frozenset(checked_region(region, label_set) for region in regions)


def checked_pieces(pieces: Mapping[int, int], label_set: LabelSet) -> Mapping[int, int]:
    """The label of each piece. Raises BadRequest where a number is no piece's, or the label set lacks a label."""
    check_pieces(True, pieces)
    return MappingProxyType({int(piece): checked_label(label, label_set) for piece, label in sorted(pieces.items())})


def checked_piece_map(piece_map: FrozenMap | np.ndarray | None, label_set: LabelSet) -> FrozenMap | None:
    """Where pieces lie, (H, W) uint8; None for none."""
    return piece_map if piece_map is None or isinstance(piece_map, FrozenMap) else FrozenMap.of(piece_map)


def check_pieces_fit(piece_map: FrozenMap | None, label_map: FrozenMap | None) -> None:
    """Raise BadLabelMap where both are there and of different sizes."""
    if piece_map is not None and label_map is not None and piece_map.shape != label_map.shape:
        raise BadLabelMap(
            "The piece map has {0} x {1} pixels, but the label map {2} x {3}; mark the pieces again.",
            *piece_map.shape[::-1],
            *label_map.shape[::-1],
        )


def checked_labels(labels: Collection[int], label_set: LabelSet) -> frozenset[int]:
    """Label ids. Raises BadRequest where the label set lacks one."""
    return frozenset(checked_label(label, label_set) for label in labels)


def checked_styles(styles: Mapping[int, Style | None], label_set: LabelSet) -> Mapping[int, Style]:
    """Styles by region; the mean style is left out, so that equal scenes hold equal styles. Raises BadRequest."""
    for region, style in styles.items():
        checked_region(region, label_set)
        if style is not None and not isinstance(style, get_args(Style)):
            raise BadRequest(
                "A style of the kind “{0}” is not known; choose a picture or the mean.", type(style).__name__
            )
    return MappingProxyType(
        {int(label): style for label, style in styles.items() if style is not None and not isinstance(style, MeanStyle)}
    )


def checked_picture(pixels: np.ndarray | None) -> np.ndarray | None:
    """(H, W, 3) uint8, read-only, or None for none. Raises BadRequest for anything else."""
    if pixels is None:
        return None
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.size == 0:
        raise BadRequest("A picture must have three colours of 8 bits for each pixel.")
    return read_only(np.ascontiguousarray(pixels))


def read_only(array: np.ndarray) -> np.ndarray:
    """A view of the array that cannot be written through."""
    view = array.view()
    view.flags.writeable = False
    return view


def checked_strengths(strengths: Mapping[int, float], label_set: LabelSet) -> Mapping[int, float]:
    """Strengths 0 to 1 by region; a full one is left out, so that equal scenes hold equal ones. Raises BadRequest."""
    if not all(0 <= strength <= 1 for strength in strengths.values()):
        raise BadRequest("The strength of a change must be a number from 0 to 1.")
    return MappingProxyType(
        {checked_region(region, label_set): float(strength) for region, strength in strengths.items() if strength != 1}
    )


def checked_photo(photo: PhotoReference | None, label_set: LabelSet) -> PhotoReference | None:
    """The photo that is edited. Raises BadRequest for what refers to none."""
    if photo is not None and not isinstance(photo, PhotoReference):
        raise BadRequest("A photo that is edited must be a file that is known by its path.")
    return photo


def checked_face(face: FaceFrame | None, label_set: LabelSet) -> FaceFrame | None:
    """The frame of a face. Raises BadRequest where it is none."""
    if face is not None:
        check_face(face)
    return face


def checked_holes(holes: tuple[FilledHole, ...], label_set: LabelSet) -> tuple[FilledHole, ...]:
    """What of a photo is filled; damaged data is found where it is used. Raises BadRequest for something else."""
    if not all(isinstance(hole, FilledHole) for hole in holes):
        raise BadRequest("What fills holes of a photo must be samples with a mask.")
    return tuple(holes)


def checked_part(looked_at: Part | None, label_set: LabelSet) -> Part | None:
    """The part of a photo that was looked at, None for all of it. Raises BadRequest for what is no part."""
    if looked_at is not None:
        check_part(looked_at)
    return looked_at


def checked_map(label_map: FrozenMap | np.ndarray, label_set: LabelSet) -> FrozenMap:
    """A label map, (H, W) integers. Raises BadLabelMap naming ids that the label set does not have."""
    if isinstance(label_map, FrozenMap) and label_map.nbytes and label_map.highest < len(label_set):
        return label_map  # the pixels need not be read
    pixels = label_map.array() if isinstance(label_map, FrozenMap) else label_map
    check_label_map(pixels, label_set, Message("the new label map"))
    return FrozenMap.of(pixels)


def checked_seed(seed: int, label_set: LabelSet) -> int:
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= MAX_SEED:
        raise BadRequest("The seed must be a whole number from 0 to {0}.", MAX_SEED)
    return seed


def checked_precision(precision: str, label_set: LabelSet) -> str:
    if precision not in get_args(Precision):
        raise BadRequest("The precision must be float32 or bfloat16, not {0}.", precision)
    return precision


def checked_detail(detail: str, label_set: LabelSet) -> str:
    if detail not in get_args(Detail):
        raise BadRequest("The detail must be model or full, not {0}.", detail)
    return detail


def checked_kind(kind: Kind | str, label_set: LabelSet) -> Kind:
    """A kind, or the one of that name. Raises BadRequest where documents know none."""
    return kind_named(kind if isinstance(kind, str) else kind.name)


def checked_inputs(inputs: Mapping[str, Any], label_set: LabelSet) -> Mapping[str, Any]:
    for name, held in inputs.items():
        if not isinstance(held, kind_named(name).inputs):
            raise cannot_hold(name)
    return MappingProxyType(dict(inputs))
