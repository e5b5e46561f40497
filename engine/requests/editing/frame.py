"""The frame of a photo: the part that its subject fills, small, with its regions. Changes are fitted on it."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from engine.compose.mattes import soft_labels, soft_parts
from engine.compose.samples import as_colours
from engine.errors import BadRequest, Message, WeightsError
from engine.labels.doubts import doubt_about, has_small_face
from engine.labels.label_maps import check_label_map, resize_label_map
from engine.labels.label_sets import LabelSet
from engine.labels.looked_at import UNSEEN, Part, slices_of, without_unseen
from engine.labels.pieces import PieceLabels, piece_mask
from engine.pictures.closeup import focus, has_background
from engine.pictures.face_frames import FaceFrame
from engine.pictures.images import resize_image
from engine.pictures.profiles import to_srgb
from engine.requests.kept import Kept
from engine.requests.label_map_data import LabelMapData
from engine.requests.parse import LabelMapFinder, Parsed

Array = np.ndarray
SIDE = 256
"""Longer side of a subject's frame: about the size at which networks paint."""
WHOLE_SIDE = 768
"""Longer side of a frame of the whole photo, at most: its subject is as large there as in a frame of its own, if that
fits."""
MISSED = 0.005
"""Share of a region beyond the frame that is more than rounding."""
CUT = 0.25
"""Share of a straight line along which a region ends that says that it was cut there."""


@dataclass(frozen=True)
class Upright:
    """A face as networks that paint see it.

    pixels: (S, S, 3) uint8 sRGB. label_map: (S, S). face: where it lies, in pixels of the frame.
    """

    pixels: Array
    label_map: Array
    face: FaceFrame


@dataclass(frozen=True)
class Frame:
    """Where changes are fitted.

    pixels: (h, w, 3) uint8 sRGB. colours: the same in 0..1, in the photo's own numbers. label_map: (h, w), with
    `UNSEEN` where a parser did not look. soft: (h, w, L), see `soft_labels`. box: of it in the photo. whole_map: label
    map of the whole photo, any size, with `UNSEEN` too. warnings: doubts about the map. cut_labels: those
    whose region ends where a parser that looked closer at a face saw no further. upright: the face, where the frame is
    one of a face: what a network paints. piece_labels: once labels are parted (`in_pieces`), the label of each piece;
    their ids in the maps follow those of the label set. has_unseen: whether there is a part of the photo at which
    nobody looked; what belongs to the frames beside it is none (`shared_out`).
    """

    pixels: Array
    colours: Array
    label_map: Array
    soft: Array
    box: Part
    whole_map: Array
    label_set: LabelSet
    warnings: tuple[str, ...] = ()
    cut_labels: tuple[int, ...] = ()
    upright: Upright | None = None
    piece_labels: tuple[int, ...] = ()
    has_unseen: bool = False

    @classmethod
    def of(
        cls,
        photo: Array,
        requested_map: LabelMapData | None,
        label_set: LabelSet,
        parser: LabelMapFinder | None,
        profile: bytes | None = None,
        *,
        looked_at: Part | None = None,
        shows_all: bool = False,
    ) -> Frame:
        """The frame of a photo, its label map found by a parser of these labels unless given.

        photo: (H, W, 3) uint8, `as_seen` and `reduced`, in the colours of its ICC `profile`.
        looked_at: the part in which regions were looked for; where it is None, all of the photo for a given map, else
        what the parser looked at.
        shows_all: it shows all of the photo, because regions are edited that go on beyond the subject (see `misses`).

        Raises WeightsError, BadLabelMap.
        """
        warnings: tuple[str, ...] = ()
        closer_part = looked_at
        in_srgb = to_srgb(photo, profile)
        if requested_map is not None:
            whole_map = requested_map.array()
            check_label_map(whole_map, label_set, Message("the label map of the photo"))
        elif parser is None:
            raise no_parser(label_set)
        else:
            whole_map, _, warnings, closer_part, _ = parser.parse(in_srgb)
            looked_at = looked_at or closer_part
        height, width = photo.shape[:2]
        sized = resize_label_map(whole_map, height, width)
        subject = focus(sized) if has_background(label_set) else (slice(0, height), slice(0, width))
        if requested_map is None and not warnings and (doubt := doubt_about(sized[subject], label_set)):
            warnings = (Message("its regions cannot be right, {0}; correct its label map.", doubt),)
        if has_small_face(whole_map, label_set):
            warnings += (Message("its face is small, so regions are coarse; a photo cropped to the face gives more."),)
        factor = SIDE / max(_sides(subject))
        rows, columns = subject
        if shows_all:
            rows, columns = slice(0, height), slice(0, width)
            factor = min(factor, WHOLE_SIDE / max(height, width))
        size = tuple(max(1, round(side * factor)) for side in _sides((rows, columns)))
        pixels = resize_image(in_srgb[rows, columns], *size)
        label_map = resize_label_map(without_unseen(sized, looked_at)[rows, columns], *size)
        colours = as_colours(resize_image(photo[rows, columns], *size))
        shares = None if parser is None else _shares(parser, pixels, subject, factor, shows_all)
        soft = soft_labels(label_map, len(label_set), shares)
        box = rows.start / height, columns.start / width, rows.stop / height, columns.stop / width
        cut_labels = () if closer_part is None else cut_off(whole_map)
        whole_map = without_unseen(whole_map, looked_at)
        has_unseen = bool((whole_map == UNSEEN).any())
        return cls(
            pixels, colours, label_map, soft, box, whole_map, label_set, warnings, cut_labels, has_unseen=has_unseen
        )

    def in_pieces(self, piece_map: Array, pieces: PieceLabels) -> Frame:
        """The frame with its labels parted: each piece is a region beside what is left of its label.

        piece_map: (H, W) uint8 of the whole photo, any size (`engine.labels.pieces`). Raises BadRequest: ids run out.
        """
        label_count = len(self.label_set)
        if label_count + len(pieces) > UNSEEN:
            raise BadRequest(
                "A photo with these labels can have {0} pieces with styles of their own.", UNSEEN - label_count
            )
        rows, columns = slices_of(self.box, *piece_map.shape)
        framed = piece_map[rows, columns] if piece_map[rows, columns].size else np.zeros((1, 1), np.uint8)
        ordered = sorted(pieces.items())

        def parted(label_map: Array, own_pieces: Array) -> Array:
            here = resize_label_map(own_pieces, *label_map.shape)
            regions = label_map.copy()
            for number, (piece, label) in enumerate(ordered):
                regions[piece_mask(label_map, here, piece, label)] = label_count + number
            return regions

        regions, labels = parted(self.label_map, framed), tuple(label for _, label in ordered)
        return replace(
            self,
            label_map=regions,
            soft=soft_parts(self.soft, regions, labels),
            whole_map=parted(self.whole_map, piece_map),
            piece_labels=labels,
        )

    def label_of(self, region: int) -> int:
        """The label of a region of the frame: itself, or that of the piece."""
        number = region - len(self.label_set)
        return self.piece_labels[number] if 0 <= number < len(self.piece_labels) else region

    def siblings(self, region: int) -> list[int]:
        """The other regions of a region's label, what is left of it and its pieces."""
        label, first_piece = self.label_of(region), len(self.label_set)
        pieces = [first_piece + number for number, owner in enumerate(self.piece_labels) if owner == label]
        return [each for each in (label, *pieces) if each != region] if pieces else []

    @property
    def painted_map(self) -> Array:
        """(h, w) of the frame, with label 0 for what is unseen."""
        labels = np.arange(256, dtype=np.uint8)
        labels[UNSEEN] = 0
        labels[len(self.label_set) : len(self.label_set) + len(self.piece_labels)] = self.piece_labels
        return labels[self.label_map]

    def painted(self, showing: int | None = None) -> tuple[Array, Array]:
        """Pixels (h, w, 3) and label map (h, w) that a network paints: of the upright face, if there is one, and it
        shows the label that is to be seen."""
        if self.upright is None or (showing is not None and not (self.upright.label_map == showing).any()):
            return self.pixels, self.painted_map
        return self.upright.pixels, self.upright.label_map

    def shows(self, label: int) -> bool:
        """Whether the frame has a region of that label."""
        return bool((self.label_map == label).any())

    def misses(self, labels: Sequence[int]) -> bool:
        """Whether regions of `labels` go on beyond the frame, where no change would reach them."""
        region = np.isin(self.whole_map, labels)
        pixel_count = int(region.sum())
        region[self._shown_slices()] = False
        return bool(region.sum() > MISSED * pixel_count)

    def name_of(self, region: int) -> str:
        """The name of a region's label; its number where the label set lacks it."""
        label = self.label_of(region)
        return self.label_set[label].name if label < len(self.label_set) else str(label)

    def no_region(self, region_name: str) -> BadRequest:
        """The error that says that the photo lacks a region, and which it has."""
        shown_labels = np.unique(self.painted_map[self.label_map != UNSEEN]).tolist()
        regions = ", ".join(self.name_of(shown) for shown in shown_labels)
        return BadRequest('The photo has no region "{0}"; its regions are {1}.', region_name, regions)

    def ends_in_a_box(self, photo_name: str, region_name: str) -> BadRequest:
        """The error that says that a restyled background would end where the parser looked no further."""
        return BadRequest(
            '"{0}": the parser looked at the face alone, and a restyled {1} would end in a box around it; give '
            "a label map of the whole photo (--labels), or count the rest, body and all, as {1} (--count-rest, "
            'or "looked_at": [0, 0, 1, 1] in a request).',
            photo_name,
            region_name,
        )

    def outside(self, labels: Sequence[int]) -> Array:
        """(h, w) share of each of the frame's pixels that is none of `labels` in the whole photo's label map."""
        missed = (~np.isin(self.whole_map[self._shown_slices()], labels)).astype(np.float32)
        if not missed.size:
            return (~np.isin(self.label_map, labels)).astype(np.float32)
        return cv2.resize(missed, self.label_map.shape[::-1], interpolation=cv2.INTER_AREA)

    def _shown_slices(self) -> tuple[slice, slice]:
        """Rows and columns of the whole photo's label map that the frame shows."""
        return slices_of(self.box, *self.whole_map.shape)


def no_parser(label_set: LabelSet) -> WeightsError:
    """The error that nothing says which regions a photo has."""
    return WeightsError(
        "No parser for the labels of '{0}' is installed; give the photo's label map too.", label_set.name
    )


class KeptParser:
    """A parser that looks at each frame of a photo once, however often its label map is corrected.

    key: of the photo and of the parser.
    """

    def __init__(self, parser: LabelMapFinder, kept: Kept, key: Hashable) -> None:
        self._parser, self._kept, self._key = parser, kept, key
        self.label_set = parser.label_set

    def parse(self, pixels: Array) -> Parsed:
        """As the parser's, by what the pixels show: those of a photo, or of one of its faces upright."""
        return self._kept.get(("parsed", self._key, _digest(pixels)), lambda: self._parser.parse(pixels))

    def probabilities(self, pixels: Array) -> Array:
        """As the parser's, by what the frame shows."""
        return self._kept.get(("shares", self._key, _digest(pixels)), lambda: self._parser.probabilities(pixels))


def _digest(pixels: Array) -> tuple[Hashable, ...]:
    """What tells pictures apart, those of one colour by their shape."""
    return pixels.shape, hashlib.sha256(pixels.tobytes()).hexdigest()


def _sides(slices: tuple[slice, slice]) -> tuple[int, int]:
    """Height and width of rows and columns."""
    rows, columns = slices
    return rows.stop - rows.start, columns.stop - columns.start


def _shares(
    parser: LabelMapFinder, pixels: Array, subject: tuple[slice, slice], factor: float, shows_all: bool
) -> Array:
    """The parser's probabilities (L, h, w) of a frame's `pixels`; it looks at the subject alone.

    subject: rows and columns in the photo, of which a frame that `shows_all` has all, `factor` times as large. Around
    the subject every label is as likely as any, so the label map decides there.
    """
    if not shows_all:
        return parser.probabilities(pixels)
    height, width = pixels.shape[:2]
    top, left = (
        min(round(shown.start * factor), side - 1) for shown, side in zip(subject, (height, width), strict=True)
    )
    bottom, right = (
        min(max(first + 1, round(shown.stop * factor)), side)
        for shown, first, side in zip(subject, (top, left), (height, width), strict=True)
    )
    seen = parser.probabilities(np.ascontiguousarray(pixels[top:bottom, left:right]))
    shares = np.full((len(seen), height, width), 1 / len(seen), np.float32)
    shares[:, top:bottom, left:right] = seen
    return shares


def cut_off(label_map: Array) -> tuple[int, ...]:
    """Labels (H, W) that run along a straight line inside the picture behind which all is label 0."""
    rows, columns = np.flatnonzero(label_map.any(1)), np.flatnonzero(label_map.any(0))
    if not len(rows):
        return ()
    height, width = label_map.shape
    first, last, left, right = rows[0], rows[-1], columns[0], columns[-1]
    lines = [
        (first > 0, label_map[first, left : right + 1]),
        (last < height - 1, label_map[last, left : right + 1]),
        (left > 0, label_map[first : last + 1, left]),
        (right < width - 1, label_map[first : last + 1, right]),
    ]
    cut: set[int] = set()
    for inside, line in lines:
        counts = np.bincount(line, minlength=256)
        counts[0] = 0
        if inside:
            cut |= set(np.flatnonzero(counts > CUT * len(line)).tolist())
    return tuple(sorted(cut))
