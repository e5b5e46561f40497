"""The photos and styles that `engine.metrics.edits` measures on: those of a split, each in the style of another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from engine.compose.mattes import Matte, border_of, region_mattes, soft_labels, together
from engine.compose.own_colour import ONE_COLOURED
from engine.compose.samples import as_colours
from engine.compose.strands import STRANDED
from engine.compose.tones import BY_SPREAD
from engine.labels.label_sets import LabelSet
from engine.metrics.edits import EDITS, Case
from engine.painting.painter import Painter, StyleCodes
from engine.requests.editing.aim import aimed
from engine.systems.repainting import can_sample, coded, repaint

Array = np.ndarray
Kind = Literal["photo", "distant", "drawn", "mixed"]
Probabilities = Callable[[Array], Array]
"""(picture (H, W, 3) uint8) -> (L, h, w) a parser's probabilities."""
Pictures = tuple[Array | None, Array | None, Array | None]
"""See `PhotoCases._painted`."""
BY_PHOTO = ("photo", "distant")
"""Kinds of styles with a photo behind them."""
WITHOUT_A_PHOTO = ("hair",)
"""Edits that are measured with drawn and mixed styles too."""
DISTANT = ("hair", "sky", "road", "walls", "vegetation")
"""Edits that are measured with the style that is farthest from the photo's own too: the next frame of a drive has
nearly the same sky."""
LEAST_SHARE = 0.02
"""Share of the picture from which on a region has a style, where no weights say so."""


@dataclass(frozen=True)
class Portrait:
    """A photo of the split, (H, W, 3) uint8, its label map (H, W) and the style codes of its regions."""

    photo: Array
    label_map: Array
    styles: StyleCodes


@dataclass(frozen=True)
class Job:
    """One edit of every photo: these labels together, in a style of that kind."""

    edit: str
    labels: tuple[int, ...]
    kind: Kind = "photo"

    @property
    def name(self) -> str:
        """What a table calls it."""
        return self.edit if self.kind == "photo" else f"{self.edit}, {self.kind} style"


def jobs_of(painter: Painter | None, label_set: LabelSet) -> list[Job]:
    """What is measured with photos of that label set; without weights only styles that photos show."""
    ids = {label.name: label.id for label in label_set.labels}
    jobs = []
    for edit, names in EDITS:
        if not all(name in ids for name in names):
            continue
        kinds: list[Kind] = ["photo"]
        if edit in DISTANT:
            kinds.append("distant")
        if edit in WITHOUT_A_PHOTO and painter is not None and can_sample(painter):
            kinds += ["drawn", "mixed"]
        jobs += [Job(edit, tuple(ids[name] for name in names), kind) for kind in kinds]
    return jobs


def mean_colours(photo: Array, label_map: Array, labels: int) -> StyleCodes:
    """The mean colour of each region, 0 to 255, as its code: what says how far styles are apart without weights."""
    counts = np.bincount(label_map.ravel(), minlength=labels)[:labels]
    sums = [np.bincount(label_map.ravel(), photo[..., n].ravel(), labels)[:labels] for n in range(3)]
    codes = np.stack(sums, axis=1) / np.maximum(counts, 1)[:, None]
    return StyleCodes(codes.astype(np.float32), counts >= LEAST_SHARE * label_map.size)


class PhotoCases:
    """The cases of one photo: its probabilities are found once, its mattes once for each set of labels.

    painter: None measures without weights. number: which of `portraits` the photo is.
    """

    def __init__(
        self,
        painter: Painter | None,
        label_set: LabelSet,
        portraits: Sequence[Portrait],
        number: int,
        probabilities: Probabilities | None = None,
    ) -> None:
        self._painter, self._label_set, self._portraits, self._number = painter, label_set, portraits, number
        self._portrait = portrait = portraits[number]
        label_count = len(portrait.styles.codes)
        shares = None if probabilities is None else probabilities(portrait.photo)
        self._soft = soft_labels(np.minimum(portrait.label_map, label_count - 1), label_count, shares)
        self._mattes: dict[tuple[int, ...], dict[int, Matte]] = {}

    def case(self, job: Job) -> Case | None:
        """The photo with the next one's style (the last with the first's); None unless both show one of the labels.

        A job's kind: "photo" takes the style as it is, "distant" that of the photo whose codes are farthest away
        instead, "mixed" its code half and half with the photo's own, "drawn" a style drawn with the photo's number as
        seed.
        """
        portrait, portraits = self._portrait, self._portraits
        next_portrait = portraits[(self._number + 1) % len(portraits)]
        style = farthest(portraits, portrait, job.labels) if job.kind == "distant" else next_portrait
        both = common_labels(portrait, style, job.labels)
        if not both:
            return None
        wanted, painted, aimed_at = self._painted(both, style, job.kind)
        is_by_photo = job.kind in BY_PHOTO
        return Case(
            portrait.photo,
            portrait.label_map,
            both,
            self._mattes_of(both),
            wanted,
            painted,
            style=style.photo if is_by_photo else None,
            style_map=style.label_map if is_by_photo else None,
            one_coloured=self._named(both, ONE_COLOURED),
            by_spread=self._named(both, BY_SPREAD),
            stranded=self._named(both, STRANDED),
            aimed_at=aimed_at,
        )

    def _named(self, labels: Sequence[int], names: frozenset[str]) -> frozenset[int]:
        """Those of `labels` that have one of the names."""
        return frozenset(label for label in labels if self._label_set[label].name in names)

    def _mattes_of(self, labels: tuple[int, ...]) -> dict[int, Matte]:
        if labels not in self._mattes:
            label_map, colours = self._portrait.label_map, as_colours(self._portrait.photo)
            mattes: dict[int, Matte] = {}
            for region in together(label_map, labels, [pair.labels for pair in self._label_set.pairs]):
                border = border_of(self._label_set[label].name for label in region)
                mattes |= region_mattes(colours, self._soft, label_map, region, border=border)
            self._mattes[labels] = mattes
        return self._mattes[labels]

    def _painted(self, labels: Sequence[int], style: Portrait, kind: Kind) -> Pictures:
        """The wanted codes (L, D), and the photo's label map painted in them and, without a photo, aimed at them.

        Pictures are (H, W, 3) uint8.
        """
        painter, portrait = self._painter, self._portrait
        if painter is None:
            return None, None, None
        wanted = np.array(portrait.styles.codes, np.float32)
        for label in labels:
            if kind == "drawn":
                wanted[label] = painter.sample(label, self._number)
            elif kind == "mixed":
                wanted[label] = (portrait.styles.codes[label] + style.styles.codes[label]) / 2
            else:
                wanted[label] = style.styles.codes[label]
        present = {*np.flatnonzero(portrait.styles.present).tolist(), *labels}
        styles = {label: coded(label, wanted[label]) for label in sorted(present)}
        painted = repaint(painter, portrait.label_map, styles)
        if kind in BY_PHOTO:
            return wanted, painted, None
        reached = painter.encode(painted, portrait.label_map).codes
        styles |= {label: coded(label, aimed(wanted[label], reached[label])) for label in labels}
        return wanted, painted, repaint(painter, portrait.label_map, styles)


def common_labels(photo: Portrait, style: Portrait, labels: Sequence[int]) -> tuple[int, ...]:
    """Those of `labels` that both photos show."""
    both = (n for n in labels if photo.styles.present[n] and style.styles.present[n])
    return tuple(n for n in both if (photo.label_map == n).any() and (style.label_map == n).any())


def farthest(portraits: Sequence[Portrait], photo: Portrait, labels: Sequence[int]) -> Portrait:
    """The photo whose codes of `labels` are, over those that both show, farthest from the photo's own."""

    def distance(style: Portrait) -> float:
        both = list(common_labels(photo, style, labels))
        apart = photo.styles.codes[both] - style.styles.codes[both]
        return float(np.linalg.norm(apart, axis=-1).mean()) if both else -1.0

    return max(portraits, key=distance)
