"""What is measured in a picture and its label map: which labels, how many pieces, where, how large, which colours.

A sentence is made of attributes and keeps those that it states; a picture that was made from a sentence is judged by
whether it has them. So what a word means is decided here alone, by arithmetic on the label map.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from engine.data.captioning.nouns import BACKGROUND, noun_of, palette_of, scene_of
from engine.labels.label_sets import LabelSet

Array = np.ndarray

LEAST_PIECE = 3e-4
"""Share of the picture below which a connected piece is a slip of the label map."""
ROUNDING = 1e-6
"""Shares of a side that differ by less are equal: a mirrored picture says the same of a box on a border of thirds."""
WIDE = 0.8
"""Share of a side from which a piece is on no side of it."""
LARGE, SMALL = 0.25, 0.01
"""Shares of the picture of what is called large or small."""
MOST_COUNTED = 12
"""Pieces that have a number; more are many."""
OPEN_MOUTH, CLOSED_MOUTH = 0.15, 0.02
"""Area of the mouth's inside by that of both lips."""
LONG_HAIR, SHORT_HAIR = 0.2, 0.03
"""Share of the hair that lies below the lips."""
QUANTILES = np.linspace(0, 1, 21)
YOUNG, MIDDLE_AGED, OLD = 30, (42, 58), 65
"""Years: below, between, from which a person is called so; in between nothing is said."""


@dataclass(frozen=True, order=True)
class Attribute:
    """One measured property: of what ("car", "hair", "person"), which, and its value as a word.

    present=yes. count=1 .. 12 or many. side=left, middle or right. level=top, middle or bottom. size=large or small.
    colour=a name (several of a region of two colours). Of faces: mouth.state=open or closed, hair.length=long or short.
    Of people, from a table of facts: person.sex, person.age, person.expression, beard.present, hair.texture.
    """

    subject: str
    aspect: str
    value: str

    def __str__(self) -> str:
        return f"{self.subject}.{self.aspect}={self.value}"

    @classmethod
    def read(cls, text: str) -> Attribute:
        """The inverse of `str`. Raises ValueError."""
        name, equals, value = text.partition("=")
        subject, dot, aspect = name.rpartition(".")
        if not (equals and dot):
            raise ValueError(f"{text!r} is no attribute; it should read SUBJECT.ASPECT=VALUE")
        return cls(subject, aspect, value)


Box = tuple[float, float, float, float]
"""Left, top, right, bottom as shares of the picture's sides."""


@dataclass(frozen=True)
class Piece:
    """One connected piece of a label: its box, and its share of the picture's pixels."""

    box: Box
    share: float


@dataclass(frozen=True)
class Region:
    """All pieces of a label, the largest first.

    colours: what their colour is called, where there is a picture. heights: above which 0, 5, 10 ... 100 % of the
    region's pixels lie, as shares of the picture's height.
    """

    name: str
    pieces: tuple[Piece, ...]
    colours: tuple[str, ...]
    heights: tuple[float, ...]

    @property
    def share(self) -> float:
        """Of the picture's pixels."""
        return sum(piece.share for piece in self.pieces)


def regions_of(label_map: Array, label_set: LabelSet, pixels: Array | None = None) -> dict[str, Region]:
    """The labels that a label map shows, by name; see `Region`.

    Args:
        label_map: (H, W) uint8. label_set: of its labels; the one that it ignores is left out.
        pixels: (H, W, 3) uint8 sRGB, the picture; without it no colour is told.
    """
    regions = {}
    for label_id in np.unique(label_map):
        label = label_set[int(label_id)]
        mask = label_map == label_id
        if label.id == label_set.ignore or not (pieces := pieces_of(mask)):
            continue
        palette = palette_of(label.name)
        colours = palette.colours_of(pixels[mask]) if palette is not None and pixels is not None else ()
        rows = np.repeat((np.arange(len(mask)) + 0.5) / len(mask), mask.sum(axis=1))
        heights = tuple(np.quantile(rows, QUANTILES).tolist())
        regions[label.name] = Region(label.name, pieces, colours, heights)
    return regions


def pieces_of(mask: Array) -> tuple[Piece, ...]:
    """The connected pieces of a mask (H, W) bool that are no slips, the largest first; corners connect."""
    height, width = mask.shape
    _, _, statistics, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    pieces = []
    for left, top, piece_width, piece_height, area in statistics[1:].tolist():
        box = (left / width, top / height, (left + piece_width) / width, (top + piece_height) / height)
        if area / mask.size >= LEAST_PIECE:
            pieces.append(Piece(box, area / mask.size))
    return tuple(sorted(pieces, key=lambda piece: (-piece.share, piece.box)))


def third_of(boxes: list[Box], axis: int) -> int | None:
    """The third of the picture, 0 to 2, in which the centres of all boxes lie; None where they lie in several, or where
    a box is as good as a whole side long. axis: 0 from left to right, 1 from top to bottom."""
    if not boxes or any(box[axis + 2] - box[axis] >= WIDE - ROUNDING for box in boxes):
        return None
    offsets = [(box[axis] + box[axis + 2]) / 2 - 1 / 2 for box in boxes]
    thirds = {1 if abs(offset) <= 1 / 6 + ROUNDING else 0 if offset < 0 else 2 for offset in offsets}
    return thirds.pop() if len(thirds) == 1 else None


def count_word(pieces: int) -> str:
    """The value of the attribute "count"."""
    return str(pieces) if pieces <= MOST_COUNTED else "many"


def measured(
    regions: Mapping[str, Region], label_set: LabelSet, facts: Mapping[str, object] | None = None
) -> tuple[Attribute, ...]:
    """All attributes of a picture, in order.

    facts: what else is known of the person in it: "sex" ("woman" or "man"), "age" in years, "smile", "beard", "curls"
        (true or false); what is missing is not told.
    """
    attributes: set[Attribute] = set()
    for name, region in regions.items():
        attributes |= set(_of_region(name, region))
    if scene_of(label_set) == "face":
        attributes |= _of_face(regions)
        if BACKGROUND in regions:
            attributes |= {Attribute(BACKGROUND, "colour", colour) for colour in regions[BACKGROUND].colours}
    return tuple(sorted(attributes | of_facts(facts or {})))


def _of_region(name: str, region: Region) -> list[Attribute]:
    if (noun := noun_of(name)) is None:
        return []
    attributes = [Attribute(name, "present", "yes")]
    attributes += [Attribute(name, "colour", colour) for colour in region.colours]
    boxes = [piece.box for piece in region.pieces]
    if noun.number == "counted":
        attributes.append(Attribute(name, "count", count_word(len(boxes))))
    if noun.placed:
        side, level = third_of(boxes, 0), third_of(boxes, 1)
        attributes += [Attribute(name, "side", ("left", "middle", "right")[side])] if side is not None else []
        attributes += [Attribute(name, "level", ("top", "middle", "bottom")[level])] if level is not None else []
    if noun.sized and (region.share >= LARGE or region.share < SMALL):
        attributes.append(Attribute(name, "size", "large" if region.share >= LARGE else "small"))
    return attributes


def _of_face(regions: Mapping[str, Region]) -> set[Attribute]:
    """Whether the mouth is open, and how long the hair is."""
    attributes = set()
    lips = [regions[name] for name in ("upper lip", "lower lip") if name in regions]
    lip_share = sum(lip.share for lip in lips)
    if len(lips) == 2:
        openness = (regions["mouth"].share if "mouth" in regions else 0.0) / lip_share
        if openness >= OPEN_MOUTH or openness < CLOSED_MOUTH:
            attributes.add(Attribute("mouth", "state", "open" if openness >= OPEN_MOUTH else "closed"))
    if lips and "hair" in regions:
        chin = max(lip.pieces[0].box[3] for lip in lips)
        below = _share_below(regions["hair"], chin)
        if below >= LONG_HAIR or below < SHORT_HAIR:
            attributes.add(Attribute("hair", "length", "long" if below >= LONG_HAIR else "short"))
    return attributes


def _share_below(region: Region, height: float) -> float:
    """How much of a region lies below a height."""
    return 1 - float(np.interp(height, region.heights, QUANTILES))


def of_facts(facts: Mapping[str, object]) -> set[Attribute]:
    """The attributes of a table's row."""
    attributes = set()
    if facts.get("sex") in ("woman", "man"):
        attributes.add(Attribute("person", "sex", str(facts["sex"])))
    age = facts.get("age")
    if isinstance(age, int | float):
        if age < YOUNG:
            attributes.add(Attribute("person", "age", "young"))
        elif MIDDLE_AGED[0] <= age <= MIDDLE_AGED[1]:
            attributes.add(Attribute("person", "age", "middle-aged"))
        elif age >= OLD:
            attributes.add(Attribute("person", "age", "old"))
    if facts.get("smile") is True:
        attributes.add(Attribute("person", "expression", "smiling"))
    if facts.get("beard") is True:
        attributes.add(Attribute("beard", "present", "yes"))
    if facts.get("curls") is True:
        attributes.add(Attribute("hair", "texture", "curly"))
    return attributes
