"""Edit: restyle regions of a photograph; everything else stays, sample by sample."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import cv2
import numpy as np
from msgspec import Meta, structs

from engine.compose.change import RegionChange, region_change, tones_of
from engine.compose.colours import colour_tones
from engine.compose.composition import compose
from engine.compose.mattes import region_mattes, soft_labels
from engine.compose.samples import as_colours, opaque
from engine.compose.tones import Tones
from engine.errors import BadRequest, Message, MissingStyle, WeightsError
from engine.files import PathLike, read_bytes
from engine.labels.label_maps import check_label_map, resize_label_map
from engine.labels.label_sets import LabelSet
from engine.pictures.closeup import focus, has_background, reduced
from engine.pictures.images import PICTURE_SUFFIXES, read_image, resize_image
from engine.pictures.photos import Photo, read_photo, write_photo
from engine.requests.base import Frozen, Report, Request, Services
from engine.requests.label_map_data import LabelMapData
from engine.requests.render import RenderRequest, read_codes
from engine.requests.style_pictures import notes_of
from engine.requests.styles import ImageStyle, Style, as_label, beside, encode_code, located

if TYPE_CHECKING:
    from engine.painting.label_painter import Painter

Array = np.ndarray
FRAME = 256
"""Longer side of the small photo on which changes are fitted."""


class RegionEdit(Frozen, frozen=True):
    """One row of the list of edits.

    label: whose region is restyled. style: what it takes, or colour: "#rrggbb", one of the two. strength: 0 leaves the
    photo, 1 is the whole change. on: False keeps the row and does nothing.
    """

    label: Annotated[int, Meta(ge=0, le=255)]
    style: Style | None = None
    colour: str | None = None
    strength: Annotated[float, Meta(ge=0, le=1)] = 1.0
    on: bool = True

    def __post_init__(self) -> None:
        structs.force_setattr(self, "label", as_label(self.label, "label"))
        if (self.style is None) == (self.colour is None):
            raise BadRequest('An edit needs either the key "style" or the key "colour".')
        if self.colour is not None and not re.fullmatch(r"#[0-9a-fA-F]{6}", self.colour):
            raise BadRequest('The colour "{0}" should read #rrggbb, for example #a01030.', self.colour)
        if not 0 <= self.strength <= 1:
            raise BadRequest('The key "strength" is {0}; give a number from 0 to 1.', self.strength)

    def rgb(self) -> tuple[float, float, float] | None:
        """The colour's channels in 0..1."""
        if self.colour is None:
            return None
        red, green, blue = bytes.fromhex(self.colour[1:])
        return red / 255, green / 255, blue / 255


@dataclass(frozen=True)
class EditResult:
    """The edited photo's samples, of the photo's own size and type, and what the file brought along; seconds taken."""

    samples: Array
    photo: Photo
    seconds: float
    notes: tuple[str, ...] = ()

    def save(self, path: PathLike) -> None:
        """Write the photo by the name's suffix, with its profile, EXIF data and resolution. Raises BadFile."""
        write_photo(path, self.samples, self.photo)

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
    """Restyle regions of the photo at `path`.

    edits: at most one per label. sha256: of the photo's file, "" where nobody noted it down; another file is refused.
    label_map: of the whole photo, any size, given or corrected by the user; the parser finds it otherwise.
    """

    task: ClassVar[Message] = Message("restyle photos")
    suffixes: ClassVar[tuple[str, ...]] = PICTURE_SUFFIXES

    path: str
    edits: tuple[RegionEdit, ...]
    label_map: LabelMapData | None = None
    sha256: str = ""

    def __post_init__(self) -> None:
        labels = [edit.label for edit in self.edits]
        if len(set(labels)) < len(labels):
            raise BadRequest("The request edits one label twice; keep one edit per label.")

    def located(self, folder: Path) -> EditRequest:
        """As `Request.located`."""
        edits = tuple(e.replace(style=located(e.style, folder)) if e.style is not None else e for e in self.edits)
        return self.replace(path=beside(self.path, folder), edits=edits)

    def check_data(self) -> None:
        """A damaged label map is found when the request is read."""
        if self.label_map is not None:
            self.label_map.array()

    def run(self, services: Services, report: Report) -> EditResult:
        """Read the photo, find its regions, fit the changes, compose.

        Raises BadFile, BadLabelMap, BadRequest, MissingStyle, WeightsError, NotSupported, Cancelled.
        """
        started = time.perf_counter()
        report(0.0, Message("reading"))
        painter: Painter = services.runtime(self)
        if self.sha256 and hashlib.sha256(read_bytes(self.path)).hexdigest() != self.sha256.lower():
            raise BadRequest('"{0}" has changed since it was edited; choose the photo that was meant.', self.path)
        photo = read_photo(self.path)
        notes: list[str] = list(notes_of(self.path, photo.notes))
        report(0.1, Message("finding regions"))
        frame = Frame.of(photo, self.label_map, painter.label_set, services)
        notes += [Message('"{0}": {1}', Path(self.path).name, warning) for warning in frame.warnings]
        active = [edit for edit in self.edits if edit.on and edit.strength > 0]
        changes = frame.changes(active, lambda edit: self._tones(edit, frame, painter, services, report, notes))

        def composed(share: float) -> None:
            report(0.6 + 0.4 * share, Message("restyling"))

        samples = compose(photo.samples, frame.whole_map, changes, report=composed)
        return EditResult(samples, photo, time.perf_counter() - started, tuple(dict.fromkeys(notes)))

    def _tones(
        self, edit: RegionEdit, frame: Frame, painter: Painter, services: Services, report: Report, notes: list[str]
    ) -> Tones:
        """What an edit's region shall look like: a colour, a photo's region, or what the model paints."""
        own = (frame.label_map == edit.label).astype(np.float32)
        if (colour := edit.rgb()) is not None:
            return colour_tones(colour, tones_of(frame.colours, own))
        style = edit.style
        if isinstance(style, ImageStyle) and Path(style.path).is_file():
            return _photo_tones(style, painter.label_set, services)
        assert style is not None  # an edit has one of the two
        report(0.4, Message("painting"))
        codes = services.codes.encode(painter, frame.pixels, frame.label_map)
        styles: dict[int, Style] = {
            int(n): ImageStyle(path="", label=int(n), code=encode_code(codes.codes[n]))
            for n in np.flatnonzero(codes.present)
        }
        request = RenderRequest(self.weights, LabelMapData.from_array(frame.label_map), {**styles, edit.label: style})
        tensor, style_notes = read_codes(request, painter, services, report)
        notes += style_notes
        pixels = painter.paint(request, tensor, lambda done, blocks: report(0.4, Message("painting")))[0]
        return tones_of(as_colours(pixels), own)


@dataclass(frozen=True)
class Frame:
    """The part of a photo that its subject fills, small: where changes are fitted.

    pixels: (h, w, 3) uint8, colours the same in 0..1. label_map: (h, w). soft: (h, w, L), see `soft_labels`.
    box: of it in the photo. whole_map: label map of the whole photo, any size.
    """

    pixels: Array
    colours: Array
    label_map: Array
    soft: Array
    box: tuple[float, float, float, float]
    whole_map: Array
    label_set: LabelSet
    warnings: tuple[str, ...] = ()

    @classmethod
    def of(cls, photo: Photo, given: LabelMapData | None, label_set: LabelSet, services: Services) -> Frame:
        """The frame of a photo, its label map found by a parser unless given. Raises WeightsError, BadLabelMap."""
        looked_at = reduced(_seen(photo.samples))
        parser_name = services.shelf.parser_for(label_set)
        parser = None if parser_name is None else services.shelf.parser(parser_name)
        warnings: tuple[str, ...] = ()
        if given is not None:
            whole_map = given.array()
            check_label_map(whole_map, label_set, Message("the label map of the photo"))
        elif parser is None:
            raise WeightsError(
                "No parser for the labels of '{0}' is installed; give the photo's label map too.", label_set.name
            )
        else:
            whole_map, _, warnings = parser.parse(looked_at)
        height, width = looked_at.shape[:2]
        sized = resize_label_map(whole_map, height, width)
        rows, columns = focus(sized) if has_background(label_set) else (slice(0, height), slice(0, width))
        crop = looked_at[rows, columns]
        factor = FRAME / max(crop.shape[:2])
        size = max(1, round(crop.shape[0] * factor)), max(1, round(crop.shape[1] * factor))
        pixels, label_map = resize_image(crop, *size), resize_label_map(sized[rows, columns], *size)
        shares = None if parser is None else parser.probabilities(pixels)
        soft = soft_labels(label_map, len(label_set), shares)
        box = rows.start / height, columns.start / width, rows.stop / height, columns.stop / width
        return cls(pixels, as_colours(pixels), label_map, soft, box, whole_map, label_set, warnings)

    def changes(self, edits: Sequence[RegionEdit], tones_for: Any) -> list[RegionChange]:
        """Fitted changes of the edits; `tones_for` gives each one's `Tones`. Raises BadRequest: no such region."""
        labels = [edit.label for edit in edits]
        for label in labels:
            if not (self.label_map == label).any():
                shown = [self.label_set[int(n)].name for n in np.unique(self.label_map) if n < len(self.label_set)]
                name = self.label_set[label].name if label < len(self.label_set) else str(label)
                raise BadRequest('The photo has no region "{0}"; its regions are {1}.', name, ", ".join(shown))
        if not labels:
            return []
        mattes = region_mattes(self.colours, self.soft, self.label_map, labels, self._outside(labels))
        return [
            region_change(
                self.colours, self.label_map, edit.label, mattes[edit.label], tones_for(edit), box=self.box
            ).weakened(edit.strength)
            for edit in edits
        ]

    def _outside(self, labels: Sequence[int]) -> Array:
        """(h, w) share of each small pixel that is none of `labels` in the whole photo's label map."""
        height, width = self.whole_map.shape
        top, left, bottom, right = (round(s * side) for s, side in zip(self.box, (height, width) * 2, strict=True))
        part = (~np.isin(self.whole_map[top:bottom, left:right], labels)).astype(np.float32)
        if not part.size:
            return (~np.isin(self.label_map, labels)).astype(np.float32)
        return cv2.resize(part, self.label_map.shape[::-1], interpolation=cv2.INTER_AREA)


def _seen(samples: Array) -> Array:
    """Samples as people see them, (H, W, 3) uint8: 8 bits, transparency over white."""
    colours = as_colours(samples)
    if opaque(samples) is not None:
        alpha = (samples[..., -1:] / np.iinfo(samples.dtype).max).astype(np.float32)
        colours = colours * alpha + (1 - alpha)
    return np.rint(colours * 255).astype(np.uint8)


def _photo_tones(style: ImageStyle, label_set: LabelSet, services: Services) -> Tones:
    """Tones of a region of a style's photo. Raises MissingStyle: the photo does not show it."""
    from engine.requests.style_pictures import label_map_of

    pixels = reduced(read_image(style.path).pixels)
    label_map = label_map_of(services, label_set, style, pixels)[0]
    region = resize_label_map(label_map, *pixels.shape[:2]) == style.label
    if not region.any():
        shown = [label_set[int(n)].name for n in np.unique(label_map) if n < len(label_set)]
        raise MissingStyle(
            '"{0}" has no region "{1}" to take a style from; its regions are {2}.',
            style.path, label_set[style.label].name, ", ".join(shown),
        )
    factor = FRAME / max(pixels.shape[:2])
    if factor < 1:
        size = max(1, round(pixels.shape[0] * factor)), max(1, round(pixels.shape[1] * factor))
        smaller = resize_label_map(region.astype(np.uint8), *size) > 0
        if smaller.any():
            pixels, region = resize_image(pixels, *size), smaller
    return tones_of(as_colours(pixels), region.astype(np.float32))
