"""Parse: find the label map of a photograph."""

from __future__ import annotations

import base64
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np

from engine.errors import BadRequest, Message
from engine.files import PathLike
from engine.labels.label_maps import MapKind, write_label_map
from engine.labels.label_sets import LabelSet
from engine.labels.looked_at import Part
from engine.pictures.face_frames import FaceFrame, check_face
from engine.pictures.images import ImageFile, encode_png, read_image
from engine.requests.base import Report, Request, Services
from engine.requests.faces.regions import parse_frame
from engine.requests.label_map_data import from_base64
from engine.requests.style_pictures import notes_of
from engine.requests.styles import absolute_path, relative_path

Array = np.ndarray


@dataclass(frozen=True)
class ParseResult:
    """label_map (H, W) uint8 at the photo's size, of `label_set`; confidence 0..1; seconds taken; notes: warnings that
    a user should see; looked_at and doubtful as `Parsed` has them."""

    label_map: Array
    confidence: float
    label_set: LabelSet
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    looked_at: Part | None = None
    doubtful: tuple[int, ...] = ()

    def save(self, path: PathLike, *, kind: MapKind = "indexed") -> None:
        """Write the label map as a PNG, `kind` as `write_label_map` has it. Raises BadFile."""
        write_label_map(Path(path), self.label_map, self.label_set, kind=kind)

    def shares(self) -> dict[str, float]:
        """Share of the picture, above 0 to 1, of each label that it shows, by name."""
        pixel_counts = np.bincount(self.label_map.ravel(), minlength=len(self.label_set))
        shown = [label for label in self.label_set.labels if pixel_counts[label.id]]
        return {label.name: float(pixel_counts[label.id] / pixel_counts.sum()) for label in shown}

    def facts(self) -> dict[str, Any]:
        """How sure the parser is, which labels the photo shows, in which part of it they were looked for, and which
        are doubtful."""
        doubtful = [self.label_set[label].name for label in self.doubtful]
        shares = self.shares()
        return {"confidence": self.confidence, "labels": shares, "looked_at": self.looked_at, "doubtful": doubtful}

    def lines(self) -> list[str]:
        """The same, the largest regions first."""
        by_size = sorted(self.shares().items(), key=lambda item: -item[1])
        lines = [f"confidence {self.confidence:.2f}", *(f"  {name:<16} {share:7.2%}" for name, share in by_size)]
        if self.looked_at is not None:
            top, left, bottom, right = self.looked_at
            seen = f"{top:.0%} to {bottom:.0%} of its height, {left:.0%} to {right:.0%} of its width"
            lines.append(f"looked at: {seen}; around it the map says background, whatever is there")
        if self.doubtful:
            names = ", ".join(self.label_set[label].name for label in self.doubtful)
            lines.append(f"doubtful: {names}; what is called so is probably something else")
        return lines


class Parsed(NamedTuple):
    """What a parser finds: label map (H, W) uint8; confidence 0..1; warnings for the user; the part of the photo that
    it looked at, None where that is all of it; ids of the labels whose regions it is so unsure of that they are
    probably others."""

    label_map: Array
    confidence: float
    warnings: tuple[str, ...] = ()
    looked_at: Part | None = None
    doubtful: tuple[int, ...] = ()


class LabelMapFinder(Protocol):
    """Weights in use that serve parse requests; `label_set` is what they find in pictures."""

    label_set: LabelSet

    def parse(self, pixels: Array) -> Parsed:
        """Of (H, W, 3) uint8."""
        ...

    def probabilities(self, pixels: Array) -> Array:
        """(H, W, 3) uint8, framed as the parser's training pictures are -> (L, H, W) float32, sum 1."""
        ...


class ParseRequest(Request[ParseResult], frozen=True, tag="parse"):
    """Find the label map of a photo, given as a file (`path`) or inline (`picture_png`, base64).

    face: the frame of it that is looked at, upright, in longer sides of the photo; None: all of it.
    """

    task: ClassVar[Message] = Message("find label maps")
    suffixes: ClassVar[tuple[str, ...]] = (".png",)
    unless_empty: ClassVar[tuple[str, ...]] = ("face",)

    path: str | None = None
    picture_png: str | None = None
    face: FaceFrame | None = None

    def __post_init__(self) -> None:
        if self.face is not None:
            check_face(self.face)
        if (self.path is None) == (self.picture_png is None):
            raise BadRequest('A parse request needs either the key "path" or the key "picture_png".')

    @classmethod
    def from_pixels(cls, weights: str, pixels: Array, face: FaceFrame | None = None) -> ParseRequest:
        """From (H, W, 3) uint8 sRGB."""
        png = encode_png(pixels, compress_level=1)
        return cls(weights, picture_png=base64.b64encode(png).decode("ascii"), face=face)

    def image(self) -> ImageFile:
        """The photo and what was done to its file. Raises BadFile, or BadRequest if the inline picture is not one."""
        if self.path is not None:
            return read_image(self.path)
        data = from_base64(self.picture_png or "", "picture_png")
        return read_image(data, name=Message('the key "{0}"', "picture_png"))

    def located(self, folder: Path) -> ParseRequest:
        """As `Request.located`."""
        return self.replace(path=self.path and absolute_path(self.path, folder))

    def as_in_file(self, target: PathLike) -> ParseRequest:
        """As `Request.as_in_file`."""
        return self.replace(path=self.path and relative_path(self.path, target))

    def run(self, services: Services, report: Report) -> ParseResult:
        """Read the photo and parse it. Raises as `image` and `Services.runtime` do."""
        started = time.perf_counter()
        report(0.0, Message("loading"))
        parser: LabelMapFinder = services.runtime(self)
        photo_file = self.image()
        report(0.3, Message("finding regions"))
        pixels = photo_file.pixels
        if self.face is None:
            parsed = parser.parse(pixels)
        else:
            parsed = parse_frame(parser, pixels, self.face.scaled(max(pixels.shape[:2])))
        label_map, confidence, warnings, looked_at, doubtful = parsed
        report(1.0, Message("parsed"))
        all_notes = (*notes_of(self.path or "", photo_file.notes), *warnings)
        seconds = time.perf_counter() - started
        return ParseResult(label_map, confidence, parser.label_set, all_notes, seconds, looked_at, doubtful)
