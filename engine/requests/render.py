"""Render: paint a picture from a label map and a style for each label."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from msgspec import Meta, structs

from engine.errors import BadRequest, Message
from engine.files import PathLike
from engine.labels.pieces import check_pieces, is_piece, region_map
from engine.pictures.images import PICTURE_SUFFIXES, write_image
from engine.requests.base import Report, Request, Services
from engine.requests.json_text import to_json
from engine.requests.label_map_data import LabelMapData
from engine.requests.style_pictures import encode_picture
from engine.requests.styles import (
    MAX_SEED,
    MEAN,
    ImageStyle,
    Style,
    as_in_file,
    as_label,
    as_region,
    as_seed,
    located,
)

if TYPE_CHECKING:
    from torch import Tensor

    from engine.painting.painter import Painter, StyleCodes
    from engine.requests.edit import EditRequest, FrameEdits

Array = np.ndarray

Detail = Literal["model", "full"]
LOCKS = ("style_locks", "label_locks")


PIECES = ("pieces", "piece_map")


def sort_locks(request: RenderRequest | EditRequest | FrameEdits) -> None:
    """Make its locks sorted tuples of labels (and pieces, whose style is locked), each once. Raises BadRequest for what
    is none."""
    for key in set(LOCKS).intersection(request.__struct_fields__):
        locked = {as_region(region, key, request.pieces) for region in getattr(request, key)}
        structs.force_setattr(request, key, tuple(sorted(locked)))


def sort_pieces(request: RenderRequest | EditRequest | FrameEdits) -> None:
    """Make its pieces plain numbers and labels, sorted. Raises BadRequest where they are none."""
    pieces = {int(piece): as_label(label, "pieces") for piece, label in sorted(request.pieces.items())}
    structs.force_setattr(request, "pieces", pieces)
    check_pieces(request.piece_map is not None, pieces)


@dataclass(frozen=True)
class RenderResult:
    """pixels (H, W, 3) uint8 sRGB at the label map's size, and the request that they are the picture of; seconds taken;
    device id; notes for the user."""

    pixels: Array
    request: RenderRequest
    seconds: float
    device: str
    notes: tuple[str, ...] = ()

    def save(self, path: PathLike, *, keep_paths: bool = False) -> None:
        """Write the picture by the name's suffix; a PNG carries its request. Raises BadFile.

        keep_paths: it says in which folders pictures lie whose style codes travel along, not their names alone.
        """
        request = self.request if keep_paths else self.request.as_in_file(path)
        write_image(path, self.pixels, request_json=to_json(request))

    def facts(self) -> dict[str, Any]:
        """Its size in pixels, what it was painted with and how long that took."""
        height, width = self.pixels.shape[:2]
        origin = {"seed": self.request.seed, "weights": self.request.weights}
        return {"width": width, "height": height, **origin, "seconds": self.seconds, "device": self.device}

    def lines(self) -> list[str]:
        """The same, in one line."""
        height, width = self.pixels.shape[:2]
        return [f"{width} x {height}  {self.seconds:.2f} s on {self.device}"]


class RenderRequest(Request[RenderResult], frozen=True, tag="render"):
    """Paint a picture: label map and styles through one set of weights.

    styles: label id (or number of a piece) -> Style; a label without one gets its mean style. pieces: the label of each
    piece that has a style of its own; piece_map: where they lie, of the label map's size (`engine.labels.pieces`).
    seed decides the noise. detail: "model" paints a large label map at the size that the weights know and enlarges the
    picture along the map's borders, "full" paints it at its own size (`engine.painting.sizes`). Same request, same
    bytes on the CPU. `styles` is copied in and must not be changed afterwards.

    style_locks, label_locks: labels whose style, or whose pixels, the user has locked. They decide nothing of the
    picture, but travel with it.
    """

    task: ClassVar[Message] = Message("paint label maps")
    suffixes: ClassVar[tuple[str, ...]] = PICTURE_SUFFIXES
    unless_empty: ClassVar[tuple[str, ...]] = (*LOCKS, *PIECES)

    label_map: LabelMapData
    styles: dict[int, Style] = {}
    seed: Annotated[int, Meta(ge=0, le=MAX_SEED)] = 0
    precision: Literal["float32", "bfloat16"] = "float32"
    detail: Detail = "model"
    style_locks: tuple[int, ...] = ()
    label_locks: tuple[int, ...] = ()
    pieces: dict[int, int] = {}
    piece_map: LabelMapData | None = None

    def __post_init__(self) -> None:
        sort_pieces(self)
        # Sorted, so that equal requests are equal text whatever the order in which styles were set.
        styles = {as_region(region, "styles", self.pieces): style for region, style in sorted(self.styles.items())}
        structs.force_setattr(self, "styles", styles)
        structs.force_setattr(self, "seed", as_seed(self.seed))
        sort_locks(self)
        if self.precision not in ("float32", "bfloat16"):
            raise BadRequest('The key "precision" is {0}; give "float32" or "bfloat16".', repr(self.precision))
        if self.detail not in ("model", "full"):
            raise BadRequest('The key "detail" is {0}; give "model" or "full".', repr(self.detail))

    def __hash__(self) -> int:
        tables = tuple(self.styles.items()), tuple(self.pieces.items())
        return hash((self.weights, self.label_map, *tables, self.piece_map, self.seed, self.precision, self.detail))

    def style(self, region: int) -> Style:
        """The style of a label or piece; its mean style where none was chosen."""
        return self.styles.get(region, MEAN)

    def without_pieces(self) -> RenderRequest:
        """The request with one style for each label."""
        if not self.pieces:
            return self
        styles = {region: style for region, style in self.styles.items() if not is_piece(region)}
        locks = tuple(region for region in self.style_locks if not is_piece(region))
        return self.replace(styles=styles, pieces={}, piece_map=None, style_locks=locks)

    def shown_regions(self) -> list[int]:
        """The labels and pieces that the maps show."""
        label_map = self.label_map.array()
        piece_map = None if self.piece_map is None else self.piece_map.array()
        if piece_map is not None and piece_map.shape != label_map.shape:
            piece_map = None  # whoever paints says so
        shown: list[int] = np.unique(region_map(label_map, piece_map, self.pieces)).tolist()
        return shown

    def located(self, folder: Path) -> RenderRequest:
        """As `Request.located`."""
        return self.replace(styles={label: located(style, folder) for label, style in self.styles.items()})

    def as_in_file(self, target: PathLike) -> RenderRequest:
        """As `Request.as_in_file`: it is complete without a picture whose style code it has."""
        styles = {label: as_in_file(style, target, codes_suffice=True) for label, style in self.styles.items()}
        return self.replace(styles=styles)

    def check_data(self) -> None:
        """A damaged map is found when it is read, not in the middle of a job."""
        self.label_map.array()
        if self.piece_map is not None:
            self.piece_map.array()

    def run(self, services: Services, report: Report) -> RenderResult:
        """Load the weights, read the styles, paint. Raises MissingStyle, BadRequest, NotSupported, WeightsError,
        BadFile, BadLabelMap, Cancelled."""
        started = time.perf_counter()
        report(0.0, Message("loading"))
        painter: Painter = services.runtime(self)
        codes, style_notes = read_codes(self, painter, services, report)
        pixels, paint_notes = painter.paint(
            self, codes, lambda painted_blocks, blocks: report(0.1 + 0.9 * painted_blocks / blocks, Message("painting"))
        )
        report(1.0, Message("painted"))
        notes = tuple(dict.fromkeys([*style_notes, *paint_notes]))
        return RenderResult(pixels, self, time.perf_counter() - started, str(services.device), notes)


def read_codes(
    request: RenderRequest, painter: Painter, services: Services, report: Report
) -> tuple[Tensor, list[Message]]:
    """The style codes (K, L + P, D) that a request paints with, of labels and then of its P pieces, and what a user
    should know about the pictures that they come from; K > 1 where blocks or encoders have codes of their own.

    Raises MissingStyle, BadRequest, NotSupported, WeightsError, BadFile.
    """
    from engine.requests.colour_codes import with_colour_codes  # what fits colours is loaded where one paints

    all_notes: list[Message] = []
    encoded: dict[tuple[str | None, ...], StyleCodes] = {}  # a picture that styles many labels is read and parsed once

    def encode(style: ImageStyle) -> tuple[Array, Array]:
        report(0.05, Message("reading styles"))
        picture = style.path, style.label_map_path, style.label_map_png
        if picture not in encoded:
            encoded[picture], picture_notes = encode_picture(services, painter, style)
            all_notes.extend(picture_notes)
        return encoded[picture].codes, encoded[picture].present

    return painter.codes_for(with_colour_codes(request, painter, services), encode), all_notes
