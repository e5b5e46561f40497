"""How much of each pixel belongs to a region: mattes from a label map and a parser's probabilities, led by the photo.

A label map's borders are as coarse as its pixels, and hair has none. So borders are left open: near them the parser's
probabilities decide, smoothed by a guided filter (He et al. 2010) that follows the photo's edges. Far from a border the
label map alone counts, because a person may have corrected it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from engine.compose.guided_filter import evaluate, guided_coefficients

Array = np.ndarray

RADIUS = 6
"""Of the guided filter's windows, in pixels of a frame of 256."""
EPSILON = 0.004
"""Of the guided filter: contrasts under its root (0.06) are smoothed over. At 0.04 a dark jacket has a haze."""
BORDER = 1.5
"""How far from a border (standard deviation, pixels) the parser may move it."""
TRUST = 0.5
"""Weight of the parser beside the label map at borders."""
DEEP = 7.0
"""Pixels inside a region, counted from its border, from which on the matte is 1 whatever the photo shows."""
OUTER, INNER = 5.0, 3.0
"""Pixels outside and inside a border over which a matte rises from 0 to 1 at most."""
FULL = 0.9
"""What the guided filter must give for a matte of 1: it never quite reaches 1 along a border."""
BEYOND = 0.02
"""Share of the frame that a matte may touch outside its region."""


@dataclass(frozen=True)
class Matte:
    """One region's matte as what can be enlarged: clip((a . colour + b - floor) / (FULL - floor)), held in bounds.

    a: (h, w, 3), b: (h, w) float32, coefficients of the guided filter on sRGB colours in 0..1.
    core: (h, w) float32, where it is at least so much. ramp: (h, w) float32, at most so much.
    admitted: (h, w) bool, small pixels in which it may be over 0 outside the region. floor: what counts as nothing.
    labels: ids of the labels that make up the region. share: (h, w) float32, the part of the matte that is one of
    these labels' own, or None where the region has one label; shares of all its labels sum to 1.
    """

    a: Array
    b: Array
    core: Array
    ramp: Array
    admitted: Array
    floor: float
    labels: tuple[int, ...]
    share: Array | None = None

    def on(self, colours: Array, label_map: Array) -> Array:
        """The matte (h, w) float32 in 0..1 of the small picture: colours (h, w, 3) in 0..1, label_map (h, w)."""
        alpha = np.einsum("hwc,hwc->hw", self.a, colours) + self.b
        held = self.held(alpha, self.core, self.ramp, np.isin(label_map, self.labels) | self.admitted)
        return held if self.share is None else held * self.share

    def held(self, alpha: Array, core: Array, ramp: Array, allowed: Array) -> Array:
        """The filter's result `alpha` within its bounds, which lie in 0..1, and 0 where not `allowed`: all (h, w)."""
        scaled = alpha - np.float32(self.floor)
        scaled *= np.float32(1 / (FULL - self.floor))
        np.maximum(scaled, core, out=scaled)
        np.minimum(scaled, ramp, out=scaled)
        return np.multiply(scaled, allowed, dtype=np.float32)


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


def mattes(colours: Array, soft: Array) -> Array:
    """Mattes of all labels, (h, w, L) float32 in 0..1 with sum 1.

    Args:
        colours: (h, w, 3) float32 in 0..1, the photo at this size.
        soft: (h, w, L) from `soft_labels`.
    """
    filtered = np.clip(evaluate(colours, *guided_coefficients(colours, soft, RADIUS, EPSILON)), 0, 1)
    return filtered / np.maximum(filtered.sum(-1, keepdims=True), 1e-6)


def region_mattes(
    colours: Array, soft: Array, label_map: Array, labels: Sequence[int], outside: Array | None = None
) -> dict[int, Matte]:
    """Mattes of the labels that are restyled, ready to be enlarged.

    Labels that are restyled together are one region with one border: where skin meets a nose, both change, so nothing
    of the photo may show between them. What is inside is shared out by `soft`.

    Args:
        colours: (h, w, 3) float32 in 0..1.
        soft: (h, w, L) from `soft_labels`.
        label_map: (h, w) ids.
        labels: which are restyled; at least one.
        outside: (h, w) float32 in 0..1: the share of each small pixel that lies outside the region in the full label
            map; 1 or 0 by `label_map` unless given.
    """
    labels = tuple(labels)
    region = np.isin(label_map, labels)
    together = soft[..., list(labels)].sum(-1, keepdims=True)
    a, b = guided_coefficients(colours, together, RADIUS, EPSILON)
    inside, away = distance(region), distance(~region)
    thick = local_thickness(inside)
    inner, deep = INNER * thick, DEEP * thick
    outer = OUTER * thick
    core = np.clip((inside - inner) / (deep - inner), 0, 1).astype(np.float32)
    ramp = np.clip((np.where(region, inside, 1 - away) + outer - 1) / (outer + inner - 1), 0, 1).astype(np.float32)
    alpha = np.where(ramp > 0, evaluate(colours, a, b)[..., 0], 0)
    fraction = (~region).astype(np.float32) if outside is None else outside.astype(np.float32)
    admitted, floor = _admitted(alpha, fraction)
    matte = Matte(a[..., 0, :], b[..., 0], core, ramp, admitted, floor, labels)
    if len(labels) == 1:
        return {labels[0]: matte}
    shares = soft[..., list(labels)] + 1e-6
    shares = (shares / shares.sum(-1, keepdims=True)).astype(np.float32)
    return {label: replace(matte, share=shares[..., n]) for n, label in enumerate(labels)}


def local_thickness(inside: Array) -> Array:
    """(h, w) float32, 0.25 to 1: how thick a region is nearby, 1 where 2 DEEP pixels or more.

    inside: (h, w) distance to the border, 0 outside. Soft borders of a thin region, such as a lip, must be narrow:
    they would meet in its middle and leave nothing of it.
    """
    side = 4 * round(DEEP) + 1
    nearby = cv2.dilate(inside.astype(np.float32), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))
    return np.clip(cv2.blur(nearby, (side // 2, side // 2)) / (2 * DEEP), 0.35, 1)


def _admitted(alpha: Array, outside: Array) -> tuple[Array, float]:
    """Where a matte may be over 0 outside its region, (h, w) bool, and what counts as nothing so that it fades there.

    Pixels are admitted by their matte, the largest first, until what they hold of the outside is `BEYOND` of the frame:
    that much is spent on the hair that sticks out, not on an even band. At most half of FULL counts as nothing.
    """
    order = np.argsort(-alpha, axis=None, kind="stable")
    spent = np.cumsum(np.maximum(outside.ravel()[order], 0), dtype=np.float64)
    count = int(np.searchsorted(spent, BEYOND * alpha.size, side="right"))
    admitted = np.zeros(alpha.size, bool)
    admitted[order[:count]] = True
    admitted = admitted.reshape(alpha.shape) & (alpha > 0)
    floor = float(alpha.ravel()[order[count]]) if count < alpha.size else 0.0
    return admitted, float(np.clip(floor, 0, FULL / 2))


def corrected(matte: Matte, added: Array | None = None, removed: Array | None = None) -> Matte:
    """The matte after a brush: (h, w) in 0..1 `added` to it and `removed` from it, the later stroke's map winning.

    What was brushed belongs to the region by the person's own word, so it does not count as beyond it.
    """
    if added is not None:
        core, ramp = np.maximum(matte.core, added), np.maximum(matte.ramp, added)
        matte = replace(matte, core=core, ramp=ramp, admitted=matte.admitted | (added > 0))
    if removed is not None:
        kept = (1 - np.clip(removed, 0, 1)).astype(np.float32)
        matte = replace(matte, ramp=matte.ramp * kept)
    return matte


def distance(inside: Array) -> Array:
    """Distance (h, w) of each pixel of `inside` to the nearest pixel that is not; 0 elsewhere."""
    if inside.all():
        return np.full(inside.shape, 1e6, np.float32)  # no border anywhere: all of it is deep inside
    return cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, 5)
