"""Inpaint: fill a hole of a photograph, in one way or in several; everything else stays, sample by sample."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar, Protocol

import numpy as np
from msgspec import Meta, structs

from engine.compose.filling import filled
from engine.compose.hole_crops import CONTEXT, HoleCrop, hole_crops
from engine.compose.patches.from_surroundings import filled_from_surroundings
from engine.compose.samples import as_colours, seen_colours, write_colours
from engine.errors import BadRequest, Message
from engine.files import PathLike
from engine.pictures.images import PICTURE_SUFFIXES
from engine.pictures.photo_files import write_photo
from engine.pictures.photos import Photo
from engine.pictures.profiles import from_srgb, to_srgb
from engine.requests.base import Report, Request, Services
from engine.requests.editing.filled_hole import FilledHole, with_filled
from engine.requests.json_text import to_json
from engine.requests.label_map_data import LabelMapData
from engine.requests.photo_reference import PhotoReference
from engine.requests.style_pictures import notes_of
from engine.requests.styles import MAX_SEED, as_seed

Array = np.ndarray
MOST_CANDIDATES = 16
CONTEXTS = (CONTEXT, 1.5 * CONTEXT, 0.75 * CONTEXT)
"""How much of its surroundings a hole is filled from, in turns."""
BY_TEXTURE = ""
"""In the place of weights: the hole is filled from the photo's own texture, and nothing learnt is asked."""
TEXTURE_SIDE, TEXTURE_CONTEXTS = 96, (3.0, 4.0, 2.5)
"""Pixels of a photo that are looked at for texture at least, and how much of a hole's surroundings, in turns."""
Painting = Callable[[float], None]


class Filler(Protocol):
    """Weights in use that serve inpaint requests.

    side: the longer side in pixels of what they paint best. least_side: the least that they paint at all.
    """

    side: int
    least_side: int

    def paint(self, pixels: Array, hole: Array, seed: int) -> Array:
        """Pixels (h, w, 3) uint8 sRGB and where nothing is known, (h, w) bool -> (h, w, 3) uint8, painted all over."""
        ...


@dataclass(frozen=True)
class InpaintResult:
    """The filled photo's samples once per candidate, each of the photo's own type and size, the first of the request's
    seed and each further one of the next; the photo; the request; seconds taken."""

    candidates: tuple[Array, ...]
    photo: Photo
    request: InpaintRequest
    seconds: float
    notes: tuple[str, ...] = field(default=())

    def save(self, path: PathLike, *, keep_place: bool = False) -> None:
        """The first candidate as `write_photo` writes it, further ones beside it as NAME-2, NAME-3 ... Raises BadFile.

        A PNG carries the request that gives it alone.
        """
        for number, samples in enumerate(self.candidates):
            candidate_path = candidate_file(path, number)
            request = self.request.replace(seed=self.request.seed + number, count=1).as_in_file(candidate_path)
            if not keep_place:
                request = request.replace(photo=request.photo.replace(data=None))
            write_photo(candidate_path, samples, self.photo, keep_place=keep_place, request_json=to_json(request))

    def facts(self) -> dict[str, Any]:
        """Its size and depth, how many candidates there are and of which seeds, and the hole's share of the pixels."""
        height, width = self.candidates[0].shape[:2]
        count, bits = len(self.candidates), 8 * self.candidates[0].dtype.itemsize
        seeds = {"first_seed": self.request.seed, "last_seed": self.request.seed + count - 1}
        hole = float(self.request.mask.inside().mean())
        size = {"width": width, "height": height, "bits": bits}
        filled_by = {"filled_by": self.request.weights or "texture"}
        return {**size, "candidates": count, **seeds, "hole": hole, **filled_by, "seconds": self.seconds}

    def lines(self) -> list[str]:
        """The same, in one line."""
        facts = self.facts()
        size = f"{facts['width']} x {facts['height']}, {facts['bits']} bits"
        source = f"by {self.request.weights}" if self.request.weights else "from the photo's own texture"
        return [f"{size}  {facts['candidates']} x {facts['hole']:.1%} filled {source}  {facts['seconds']:.2f} s"]


def candidate_file(path: PathLike, number: int) -> Path:
    """Where candidate `number` (from 0) of those that are saved as `path` goes."""
    first_path = Path(path)
    return first_path if not number else first_path.with_stem(f"{first_path.stem}-{number + 1}")


class InpaintRequest(Request[InpaintResult], frozen=True, tag="inpaint"):
    """Fill a hole of a photo.

    weights: that paint it; with `BY_TEXTURE` ("") patches of the photo are put together (`engine.compose.patches`).
    mask: of the whole photo, upright, above 0 in the hole. seed: of the first candidate; each further one has the next.
    count: of candidates. They differ by how much of the hole's surroundings is looked at; by weights also by what the
    network is told to vary and by whether it sees the place mirrored, from texture by which patches are drawn among
    those that fit. All of it follows from the seed. filled_holes: what of the photo was filled before.
    """

    task: ClassVar[Message] = Message("fill holes of photos")
    suffixes: ClassVar[tuple[str, ...]] = PICTURE_SUFFIXES
    unless_empty: ClassVar[tuple[str, ...]] = ("filled_holes",)

    photo: PhotoReference
    mask: LabelMapData
    seed: Annotated[int, Meta(ge=0, le=MAX_SEED)] = 0
    count: Annotated[int, Meta(ge=1, le=MOST_CANDIDATES)] = 1
    filled_holes: tuple[FilledHole, ...] = ()

    def __post_init__(self) -> None:
        structs.force_setattr(self, "seed", as_seed(self.seed))
        if not 1 <= self.count <= MOST_CANDIDATES:
            raise BadRequest('The key "count" is {0}; give a number from 1 to {1}.', self.count, MOST_CANDIDATES)
        as_seed(self.seed + self.count - 1)

    def located(self, folder: Path) -> InpaintRequest:
        """As `Request.located`."""
        return self.replace(photo=self.photo.located(folder))

    def as_in_file(self, target: PathLike) -> InpaintRequest:
        """As `Request.as_in_file`."""
        return self.replace(photo=self.photo.as_in_file(target))

    def check_data(self) -> None:
        """A damaged photo or mask is found when the request is read."""
        self.photo.check_data()
        self.mask.inside()
        for hole in self.filled_holes:
            hole.check_data()

    def run(self, services: Services, report: Report) -> InpaintResult:
        """Read the photo, look at the hole, fill it.

        Raises MissingPhoto, BadFile, BadRequest (a mask that does not suit the photo), WeightsError, Cancelled.
        """
        started = time.perf_counter()
        report(0.0, Message("reading"))
        filler: Filler | None = services.runtime(self) if self.weights else None
        photo = self.photo.read(services.kept, self.photo.identity(services.kept))
        if self.filled_holes:
            photo = replace(photo, samples=with_filled(photo.samples, self.filled_holes))
        hole = self.mask.inside()
        self._check(photo, hole, filler.least_side if filler is not None else 1)
        candidates = []
        for number in range(self.count):

            def painting(share: float, number: int = number) -> None:
                report(0.1 + 0.9 * (number + share) / self.count, Message("painting"))

            candidates.append(_candidate(photo, hole, filler, self.seed + number, painting))
        report(1.0, Message("painted"))
        notes = tuple(notes_of(self.photo.path, photo.notes))
        return InpaintResult(tuple(candidates), photo, self, time.perf_counter() - started, notes)

    def _check(self, photo: Photo, hole: Array, least_side: int) -> None:
        height, width = photo.samples.shape[:2]
        if hole.shape != (height, width):
            raise BadRequest(
                'The mask has {0} x {1} pixels and the photo "{2}" has {3} x {4}; give a mask of the photo\'s size.',
                hole.shape[1], hole.shape[0], self.photo.name, width, height,
            )
        if min(height, width) < least_side:
            raise BadRequest(
                'The photo "{0}" has {1} x {2} pixels; these weights fill photos of {3} x {3} pixels or more.',
                self.photo.name, width, height, least_side,
            )
        if not hole.any():
            raise BadRequest('The mask has no hole; mark what is to be filled of "{0}".', self.photo.name)
        if hole.all():
            raise BadRequest('The mask covers all of "{0}"; leave something to fill it from.', self.photo.name)


def _candidate(photo: Photo, hole: Array, filler: Filler | None, seed: int, painting: Painting) -> Array:
    """The photo's samples with its hole filled, in the way that follows from the seed."""
    samples, known = photo.samples.copy(), ~hole
    if filler is not None:
        crops = list(hole_crops(hole, filler.side, CONTEXTS[seed // 2 % len(CONTEXTS)]))
    else:
        crops = list(hole_crops(hole, TEXTURE_SIDE, TEXTURE_CONTEXTS[seed % len(TEXTURE_CONTEXTS)]))
    for number, crop in enumerate(crops):

        def working(share: float, number: int = number) -> None:
            painting((number + share) / len(crops))

        working(0.0)
        if filler is not None:
            colours = _painted(crop.of(samples), crop, crop.of(known), photo.icc_profile, filler, seed)
        else:
            seen = seen_colours(crop.of(samples))
            colours = filled_from_surroundings(seen, crop.hole, crop.of(known), seed, working)
        write_colours(crop.of(samples), colours, crop.hole)
        crop.of(known)[crop.hole] = True
    samples.flags.writeable = False
    return samples


def _painted(
    samples: Array, crop: HoleCrop, known: Array, profile: bytes | None, filler: Filler, seed: int
) -> Array:
    """Colours (h, w, 3) of one crop with its hole painted by weights."""
    mirrored = seed % 2 == 1

    def paint(colours: Array, missing: Array) -> Array:
        pixels = to_srgb(np.rint(colours * 255).astype(np.uint8), profile)
        if mirrored:
            pixels, missing = pixels[:, ::-1], missing[:, ::-1]
        painted = filler.paint(np.ascontiguousarray(pixels), np.ascontiguousarray(missing), seed)
        if mirrored:
            painted = painted[:, ::-1]
        return as_colours(from_srgb(np.ascontiguousarray(painted), profile))

    sides = {"own_side": filler.side, "least_side": filler.least_side}
    return filled(seen_colours(samples), crop.hole, known, paint, **sides, seed=seed)
