"""How much of each pixel belongs to a region: mattes from a label map and a parser's probabilities, led by the photo.

A label map's borders are as coarse as its pixels, and hair has none. So borders are left open: near them the parser's
probabilities and the photo's colours decide (`engine.compose.evidence`), smoothed by a guided filter (He et al. 2010)
that follows the photo's edges. Far from a border the label map alone counts, because a person may have corrected it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from engine.compose.colour_space import to_lab
from engine.compose.evidence import likeness, mistaken, overlooked
from engine.compose.guided_filter import evaluate, guided_coefficients
from engine.compose.regions import mixture_of

Array = np.ndarray

RADIUS = 6
"""Of the guided filter's windows, in pixels of a frame of 256."""
EPSILON = 0.004
"""Of the guided filter: contrasts under its root (0.06) are smoothed over. At 0.04 a dark jacket has a haze."""
BORDER = 1.5
"""How far from a border (standard deviation, pixels) the parser may move it."""
TRUST = 0.5
"""Weight of the parser beside the label map at borders."""
PRIOR_DOUBT, COLOUR_DOUBT = 0.02, 0.05
"""How far from certain label map and parser are at best, and what colours say."""
DEEP = 7.0
"""Pixels inside a region, counted from its border, from which on the matte is 1 whatever the photo shows."""
OUTER, INNER = 5.0, 1.5
"""Pixels outside and inside a border over which a matte rises from 0 to 1 at most."""
OPEN = 3.0
"""Pixels inside a border up to which nothing holds a matte up."""
THINNEST = 0.15
"""Part of `OPEN` and `DEEP` that is left in the thinnest regions: lips of 3 pixels are held from the first one on. The
filter's windows are four times as wide and see the skin around."""
NARROWEST = 0.35
"""Part of `OUTER` and `INNER` that is left there: one pixel beyond the border may be touched."""
MAN_MADE = frozenset({"building", "wall", "road", "pavement", "sidewalk", "house", "fence", "bridge"})
"""Names of labels of built surfaces: they end in lines, and a wall and its mouldings are alike in colour."""
SHARP = MAN_MADE | {"sky"}
"""Names of labels whose regions end as sharply as the camera sees: the sky is behind everything, and its soft border
would be a rim of another sky around trees and roofs."""
SMOOTH = frozenset({"skin", "nose", "left ear", "right ear", "neck", "clothes"})
"""Names of labels of smooth surfaces: no strand of theirs stands out, and what lies over them is another's."""
FULL = 0.9
"""What the guided filter must give for a matte of 1: it never quite reaches 1 along a border."""
CONTRAST, LEAST_DOUBT = 0.3, 0.3
"""Difference of a region's colours from those beside it (Euclidean, sRGB 0..1) at which a border is as clear as can be,
and the doubt about it that is left."""
JOINED = 5
"""Pairs of neighbouring pixels by which two labels touch: a stray pixel joins no lip to hair."""
LEAST_SHARE = 0.004
"""Of a pixel: about what a sample of 8 bits can show."""
BEYOND = 0.02
"""Share of the frame that a matte may touch outside its region."""
SPENT = 0.95 * BEYOND
"""What is spent of that on whole pixels: their outline, rounded, may touch a little more."""
FADING = 0.75
"""Part of the matte of the first pixel that is no longer admitted which counts as nothing: with all of it mixed pixels
keep too much of their old colour, a grey line beside black hair made blond; with none the matte ends in steps."""
ROUNDED = 0.6
"""Standard deviation, in small pixels, over which the steps of a region's outline are rounded."""
OUTLINE = (0.5, 0.8)
"""Share of rounded pixels at which a matte begins and is held no more: pixels as they were, enlarged without steps."""
FINER = (1, 3)
"""By how much pixels are parted to see what a rounded outline touches, at the frame's size and in large pictures."""
ROUNDED_BEYOND = 0.98 * BEYOND
"""Share of the frame that it may touch outside the region: at other sizes it touches a little more or less."""


@dataclass(frozen=True)
class Border:
    """How a region ends: parts of `OPEN` and `DEEP`, and of `OUTER` and `INNER`, that are left at most."""

    opening: float = 1.0
    softness: float = 1.0


LOOSE, OF_SURFACES, SHARPEST = Border(), Border(opening=0.2), Border(0.2, NARROWEST)


def border_of(names: Iterable[str]) -> Border:
    """How a region of labels of these names ends."""
    labels = frozenset(names)
    if labels <= SHARP:
        return SHARPEST
    return OF_SURFACES if labels <= SMOOTH else LOOSE


@dataclass(frozen=True)
class Matte:
    """One region's matte as what can be enlarged: a . colour + b, held in bounds.

    a: (h, w, 3), b: (h, w) float32, on sRGB colours in 0..1, see `guided_coefficients`.
    core: (h, w) float32, where it is at least so much. ramp: (h, w) float32, at most so much.
    admitted: (h, w) bool, small pixels in which it may be over 0 outside the region. outline: (h, w) float32 in 0..1,
    these and the region's, rounded; stepped: whether it ends at their steps too, as the rounded ones touch too much.
    labels: ids of the labels that make up the region. share: (h, w) float32, the part of the matte that is one of
    these labels' own, or None where the region has one label; shares of all its labels sum to 1.
    """

    a: Array
    b: Array
    core: Array
    ramp: Array
    admitted: Array
    outline: Array
    stepped: bool
    labels: tuple[int, ...]
    share: Array | None = None

    def on(self, colours: Array, label_map: Array) -> Array:
        """The matte (h, w) float32 in 0..1 of the small picture: colours (h, w, 3) in 0..1, label_map (h, w)."""
        return self.own(self.coverage(colours, label_map))

    def coverage(self, colours: Array, label_map: Array) -> Array:
        """How much of each pixel is the region's, all its labels together; arguments and result as of `on`."""
        alpha = np.einsum("hwc,hwc->hw", self.a, colours) + self.b
        alpha = self.held(alpha, self.core, self.ramp, self.outline)
        return alpha * (np.isin(label_map, self.labels) | self.admitted) if self.stepped else alpha

    def own(self, coverage: Array) -> Array:
        """What of `coverage` (h, w) is the own label's."""
        return coverage if self.share is None else coverage * self.share

    def held(self, alpha: Array, core: Array, ramp: Array, outline: Array) -> Array:
        """The filter's result `alpha` within its bounds, which lie in 0..1, and within its outline: all (h, w)."""
        held = np.maximum(alpha, core)
        np.minimum(held, ramp, out=held)
        np.maximum(held, 0, out=held)
        within = np.clip((outline - OUTLINE[0]) / (OUTLINE[1] - OUTLINE[0]), 0, 1)
        return np.multiply(held, within, dtype=np.float32)


def soft_labels(label_map: Array, labels: int, shares: Array | None = None) -> Array:
    """What each pixel may be, before the photo is looked at.

    Args:
        label_map: (h, w) ids below `labels`.
        labels: their number L.
        shares: (L, h, w) the parser's probabilities, or None.

    Returns:
        (h, w, L) float32, at least 0, sum 1: half the label map, half the probabilities of labels that the map has
        nearby. A label that the map has nowhere near a pixel is not there, however sure the parser is of it.
    """
    hot = (label_map[..., None] == np.arange(labels)).astype(np.float32)
    nearby = np.stack(
        [
            cv2.GaussianBlur(np.ascontiguousarray(hot[..., n]), (0, 0), BORDER, borderType=cv2.BORDER_REFLECT)
            for n in range(labels)
        ],
        axis=-1,
    )
    if shares is not None:
        nearby = nearby * np.moveaxis(np.asarray(shares, np.float32), 0, -1)
    total = nearby.sum(-1, keepdims=True)
    opened = np.where(total > 1e-6, nearby / np.maximum(total, 1e-6), hot)
    return TRUST * opened + (1 - TRUST) * hot


def soft_parts(soft: Array, regions: Array, labels: Sequence[int]) -> Array:
    """What `soft_labels` gives where some labels' regions are parted.

    Args:
        soft: (h, w, L) of the map before that.
        regions: (h, w) ids below L, and from L on those of the parts.
        labels: the label of each part.

    Returns:
        (h, w, L + P) float32: a label's pixels are shared out, those near where it is parted among both sides.
    """
    first_part = soft.shape[-1]
    parted = np.concatenate([soft, np.zeros((*soft.shape[:2], len(labels)), np.float32)], axis=-1)
    for label in dict.fromkeys(labels):
        ids = [label, *(first_part + n for n, owner in enumerate(labels) if owner == label)]
        hot = [(regions == region).astype(np.float32) for region in ids]
        nearby = [cv2.GaussianBlur(mask, (0, 0), BORDER, borderType=cv2.BORDER_REFLECT) for mask in hot]
        opened, total = soft[..., label] - (1 - TRUST) * sum(hot), np.maximum(sum(nearby), 1e-6)
        for region, own, blurred in zip(ids, hot, nearby, strict=True):
            parted[..., region] = opened * blurred / total + (1 - TRUST) * own
    return parted


def together(label_map: Array, labels: Sequence[int], pairs: Sequence[Sequence[int]] = ()) -> list[tuple[int, ...]]:
    """Which of the labels that are restyled are one region: those that touch, and those of a pair (both lips).

    Others have borders and colours of their own: what hair looks like says nothing about lips. label_map: (h, w) ids;
    each label is in one of the groups, which keep the order of `labels`.
    """
    groups = {label: {label} for label in labels}
    for first, second in itertools.combinations(groups, 2):
        if any({first, second} <= set(pair) for pair in pairs) or touch(label_map, first, second):
            union = groups[first] | groups[second]
            groups.update(dict.fromkeys(union, union))
    ordered = (tuple(label for label in groups if label in groups[each]) for each in groups)
    return list(dict.fromkeys(ordered))


def without_rest(matte: Matte) -> Matte:
    """A label's matte without what is left of it where another one of its region is all there is, so that a photo keeps
    its samples there."""
    if matte.share is None:
        return matte
    return replace(matte, share=np.where(matte.share < LEAST_SHARE, np.float32(0), matte.share))


def touch(label_map: Array, first: int, second: int) -> bool:
    """Whether the regions of two ids touch in `JOINED` places. label_map: (h, w)."""
    is_first, is_second = label_map == first, label_map == second
    steps = ((np.s_[1:], np.s_[:-1]), (np.s_[:, 1:], np.s_[:, :-1]))
    both = sum(
        int((is_first[here] & is_second[there]).sum()) + int((is_second[here] & is_first[there]).sum())
        for here, there in steps
    )
    return both >= JOINED


def region_mattes(
    colours: Array,
    soft: Array,
    label_map: Array,
    labels: Sequence[int],
    outside: Array | None = None,
    *,
    border: Border = LOOSE,
) -> dict[int, Matte]:
    """Mattes of the labels that are restyled, ready to be enlarged.

    The labels are one region with one border (see `together`): where skin meets a nose, both change, so nothing of the
    photo may show between them. What is inside is shared out by `soft`.

    Args:
        colours: (h, w, 3) float32 in 0..1.
        soft: (h, w, L) from `soft_labels`.
        label_map: (h, w) ids.
        labels: of the region; at least one.
        outside: (h, w) float32 in 0..1: the share of each small pixel that lies outside the region in the full label
            map; 1 or 0 by `label_map` unless given.
        border: how the region ends, see `border_of`.
    """
    labels = tuple(labels)
    region, posterior = _seen(colours, soft[..., list(labels)].sum(-1), np.isin(label_map, labels))
    a, b = guided_coefficients(colours, posterior[..., None], RADIUS, EPSILON)
    thick = local_thickness(distance(np.isin(label_map, labels)))
    core, ramp = _bounds(region, thick, border)
    alpha = np.where(ramp > 0, evaluate(colours, a, b)[..., 0], 0)
    fraction = (~np.isin(label_map, labels)).astype(np.float32) if outside is None else outside.astype(np.float32)
    contrast = np.linalg.norm(mixture_of(colours, posterior), axis=-1)
    admitted, nothing = _admitted(alpha, fraction, np.clip(1 - contrast / CONTRAST, LEAST_DOUBT, 1))
    scale = 1 / (FULL - nothing)
    outline, stepped = _outline(admitted | np.isin(label_map, labels), fraction)
    a, b = a[..., 0, :] * scale[..., None], (b[..., 0] - nothing) * scale
    matte = Matte(a, b, core, ramp, admitted, outline, stepped, labels)
    if len(labels) == 1:
        return {labels[0]: matte}
    shares = soft[..., list(labels)] + 1e-6
    shares = (shares / shares.sum(-1, keepdims=True)).astype(np.float32)
    return {label: replace(matte, share=shares[..., n]) for n, label in enumerate(labels)}


def _seen(colours: Array, prior: Array, region: Array) -> tuple[Array, Array]:
    """A region (h, w) bool without what the photo shows to be none of it, and how likely each pixel is one of it.

    prior: (h, w) in 0..1, from label map and parser. The second array is (h, w) float32 in 0..1.
    """
    lab, inside, away = to_lab(colours), distance(region), distance(~region)
    likely = likeness(lab, inside, away)
    wrong, holes = mistaken(likely, lab[..., 0], inside), overlooked(likely, region)
    if not wrong[region].all():
        region = (region & ~wrong) | holes
        prior = np.where(holes, 1, prior * ~wrong)
    return region, _weighed(prior, likely)


def _bounds(region: Array, thick: Array, border: Border) -> tuple[Array, Array]:
    """Core and ramp (h, w) float32 of a region, see `Matte`.

    thick: (h, w) from `local_thickness` of the region as the label map has it. What colours leave of it is no thin
    region of its own.
    """
    inside, away = distance(region), distance(~region)
    open_to = np.minimum(thick, border.opening)
    core = np.clip((inside - OPEN * open_to) / ((DEEP - OPEN) * open_to), 0, 1)
    soft_to = np.clip(thick, NARROWEST, border.softness)
    outer, width = OUTER * soft_to - 1, (OUTER + INNER) * soft_to - 1
    ramp = np.clip((np.where(region, inside, 1 - away) + outer) / width, 0, 1)
    return core.astype(np.float32), ramp.astype(np.float32)


def _weighed(prior: Array, likely: Array) -> Array:
    """Prior odds times what the colours say, (h, w) in 0..1, neither of them beyond doubt."""
    prior, likely = np.clip(prior, PRIOR_DOUBT, 1 - PRIOR_DOUBT), np.clip(likely, COLOUR_DOUBT, 1 - COLOUR_DOUBT)
    ours = prior * likely
    return (ours / (ours + (1 - prior) * (1 - likely))).astype(np.float32)


def local_thickness(inside: Array) -> Array:
    """(h, w) float32, `THINNEST` to 1: how thick a region is nearby, 1 where 2 DEEP pixels or more.

    inside: (h, w) distance to the border, 0 outside. Soft borders of a thin region, such as a lip, must be narrow:
    they would meet in its middle and leave nothing of it.
    """
    side = 4 * round(DEEP) + 1
    nearby = cv2.dilate(inside.astype(np.float32), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))
    return np.clip(cv2.blur(nearby, (side // 2, side // 2)) / (2 * DEEP), THINNEST, 1)


def _admitted(alpha: Array, outside: Array, doubt: Array) -> tuple[Array, Array]:
    """Where a matte may be over 0 outside its region, (h, w) bool, and what counts as nothing there, (h, w) float32.

    alpha, outside: (h, w), the matte and how much of each pixel lies outside. doubt: (h, w) in 0..1, how little the
    photo says there. Pixels are admitted by their matte over their doubt, the largest first, until what they hold of
    the outside is `SPENT` of the frame: that much is spent on the hair that sticks out, not on an even band. What
    counts as nothing grows with doubt, at most to half of FULL: a matte fades where pixels are no longer admitted.
    """
    rank = alpha / doubt
    order = np.argsort(-rank, axis=None, kind="stable")
    spent = np.cumsum(np.maximum(outside.ravel()[order], 0), dtype=np.float64)
    count = int(np.searchsorted(spent, SPENT * alpha.size, side="right"))
    admitted = np.zeros(alpha.size, bool)
    admitted[order[:count]] = True
    admitted = admitted.reshape(alpha.shape) & (alpha > 0)
    limit = float(rank.ravel()[order[count]]) if count < alpha.size else 0.0
    return admitted, np.clip(FADING * limit * doubt, 0, FULL / 2).astype(np.float32)


def _outline(allowed: Array, outside: Array) -> tuple[Array, bool]:
    """`outline` and `stepped` of a `Matte`. allowed: (h, w) bool, the region and what is admitted beside it; outside:
    (h, w) how much of each pixel lies outside the region.

    Small pixels are steps in a large photo. Rounded, an outline touches other parts of pixels, and as much in all;
    where that is too much, as in a region that is nothing but outline, the steps stay.
    """
    outline = cv2.GaussianBlur(allowed.astype(np.float32), (0, 0), ROUNDED, borderType=cv2.BORDER_REPLICATE)
    beyond = max(_touched_beyond(outline, outside.astype(np.float32), finer) for finer in FINER)
    return outline, beyond > ROUNDED_BEYOND


def _touched_beyond(outline: Array, outside: Array, finer: int) -> float:
    """Share of the frame that lies within an outline and outside the region, at a frame `finer` times as large."""
    size = outline.shape[1] * finer, outline.shape[0] * finer
    touched = cv2.resize(outline, size, interpolation=cv2.INTER_LINEAR) > OUTLINE[0]
    return float(cv2.resize(outside, size, interpolation=cv2.INTER_NEAREST)[touched].sum() / touched.size)


def distance(inside: Array) -> Array:
    """Distance (h, w) of each pixel of `inside` to the nearest pixel that is not; 0 elsewhere."""
    if inside.all():
        return np.full(inside.shape, 1e6, np.float32)  # no border anywhere: all of it is deep inside
    return cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, 5)
