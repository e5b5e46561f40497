"""Everything about one restyled region, fitted on a small copy of the photo and ready for the photo's own size."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from engine.compose.colour_space import to_colours, to_lab
from engine.compose.mattes import Matte
from engine.compose.own_colour import own_colour
from engine.compose.regions import mixture_of, region_blur
from engine.compose.rims import bright_rim, foreign_share
from engine.compose.strands import lacking_strands, lightened, local_spread
from engine.compose.tones import ToneMap, Tones, fit_tone_map, measure_tones

Array = np.ndarray
Box = tuple[float, float, float, float]

WHOLE: Box = (0.0, 0.0, 1.0, 1.0)
BASE_SIGMA = 1.5
"""Of the blur inside the region that parts lightness into base and detail, in pixels of a frame of 256."""
MEAN_STEPS = 3
MAX_OFFSET = 40.0
"""Of the mean's correction, in units of L, a or b: where a label map is wrong, or a region all border, the rest of it
must not be pushed away from the style to make up for that."""


@dataclass(frozen=True)
class RegionChange:
    """One region's change.

    label: id of the region's label. box: the part of the photo that the small arrays cover, as shares of its height
    and width (top, left, bottom, right). strength: 0 leaves the photo, 1 is the whole change.
    matte: how much of a pixel belongs to the region. base: (h, w) smoothed lightness of the photo.
    tones: the colours' map. mixture: (h, w, 3) by how much the region's colours differ from those beside it, in sRGB.
    strands, rim: (h, w) lightness that strands add and bright rims lose, foreign: (h, w) in 0..1, how little of its own
    hue a pixel keeps, or None, see `engine.compose.strands` and `engine.compose.rims`.
    """

    label: int
    matte: Matte
    base: Array
    tones: ToneMap
    mixture: Array
    box: Box = WHOLE
    strength: float = 1.0
    strands: Array | None = None
    rim: Array | None = None
    foreign: Array | None = None

    @property
    def added(self) -> Array | None:
        """(h, w) lightness of `strands` and `rim` together, or None."""
        if self.strands is None or self.rim is None:
            return self.rim if self.strands is None else self.strands
        return self.strands + self.rim

    def weakened(self, strength: float) -> RegionChange:
        """The same change at another strength. Raises ValueError outside 0..1."""
        if not 0 <= strength <= 1:
            raise ValueError(f"a strength is between 0 and 1, not {strength}")
        return replace(self, strength=strength)


def tones_of(colours: Array, weight: Array, *, one_colour: bool = False) -> Tones:
    """Tones of a region of a picture: colours (h, w, 3) float32 in 0..1, weight (h, w) in 0..1.

    one_colour: leave out what is not of the region's own colour, see `engine.compose.own_colour`.

    Raises ValueError: the region is empty.
    """
    lab = to_lab(colours)
    weight = weight.astype(np.float32)
    if one_colour and weight.any() and (own := own_colour(lab, weight)) is not None:
        weight = weight * own.share(lab)
    tones = measure_tones(lab, weight, region_blur(lab[..., 0], weight, BASE_SIGMA))
    spread = local_spread(lab[..., 0], weight)
    return replace(tones, spread=float((spread * weight).sum() / weight.sum()))


def unmixed(colours: Array, coverage: Array, mixture: Array) -> Array:
    """What a region's pixels would be without what shows through or beside it: (h, w, 3) float32 in 0..1.

    A pixel that is half hair, half sky is no hair colour. If P = a F + (1 - a) B, then P + (1 - a) (F - B) = F; with
    F - B taken from nearby (`mixture`) nothing is divided, so nothing is amplified where `coverage`, the a, is small.
    """
    clean = mixture * (1 - coverage)[..., None]
    clean += colours
    return np.clip(clean, 0, 1, out=clean)


def colour_change(
    clean: Array, base: Array, tones: ToneMap, added: Array | None = None, foreign: Array | None = None
) -> Array:
    """By how much a region's colours move, (h, w, 3) float32 in sRGB: what a pixel takes times its matte.

    clean: from `unmixed`. base, added, foreign: (h, w), see `RegionChange`. The rest of a mixed pixel, sky behind it,
    stays.
    """
    change = to_colours(tones.apply(to_lab(clean), base, added, foreign))
    change -= clean
    return change


def region_change(
    colours: Array,
    label_map: Array,
    label: int,
    matte: Matte,
    style: Tones,
    *,
    box: Box = WHOLE,
    one_colour: bool = False,
    by_spread: bool = False,
    stranded: bool = False,
) -> RegionChange:
    """Fit the change of one region to a style.

    Args:
        colours: (h, w, 3) float32 in 0..1, the small photo.
        label_map: (h, w) its label ids.
        label: whose region is changed.
        matte: of the region, on the same grid.
        style: what the region is to look like.
        box: where the small photo lies in the whole one.
        one_colour: pixels that are not of the region's own colour stay, see `engine.compose.own_colour`.
        by_spread: a plain surface (`engine.compose.tones.BY_SPREAD`), see `fit_tone_map`.
        stranded: of strands (`engine.compose.strands.STRANDED`), which show where it becomes lighter, and so
            does a rim.

    The region's mean colour is corrected after mixing: soft borders take a part of the photo's old colour in, so the
    first result is always a little off.

    Raises:
        ValueError: the region is empty.
    """
    region = label_map == label
    if not region.any():
        raise ValueError("the region has no pixels to change")
    coverage = matte.coverage(colours, label_map)
    alpha = matte.own(coverage)
    inside = region.astype(np.float32)
    mixture = mixture_of(colours, coverage)
    clean = unmixed(colours, coverage, mixture)
    lab = to_lab(clean)
    weight = inside * coverage
    weight = weight if float(weight.sum()) >= 1 else inside
    base = region_blur(lab[..., 0], weight, BASE_SIGMA)
    own = own_colour(lab, weight) if one_colour else None
    counted = weight if own is None else weight * own.share(lab)
    photo = measure_tones(lab, counted, base)
    tones = replace(fit_tone_map(photo, style, by_spread=by_spread), own=own)
    expected = inside if own is None else inside * own.share(lab)
    expected /= expected.sum()
    change = RegionChange(label, matte, base, tones, mixture, box)
    if stranded:
        change = _shaped(change, lab[..., 0], tones.apply(lab, base)[..., 0], weight, style)
    for _ in range(MEAN_STEPS):
        moved = colour_change(clean, base, tones, change.added, change.foreign)
        mixed = to_lab(np.clip(colours + alpha[..., None] * moved, 0, 1))
        step = style.mean - np.tensordot(expected.astype(np.float64), mixed, 2)
        tones = replace(tones, offset=np.clip(tones.offset + step, -MAX_OFFSET, MAX_OFFSET))
    return replace(change, tones=tones)


def _shaped(change: RegionChange, old: Array, new: Array, weight: Array, style: Tones) -> RegionChange:
    """The change of a region of strands with its `strands`, `rim` and `foreign`; arguments as of `lightened`."""
    share = lightened(old, new, weight)
    return replace(
        change,
        strands=lacking_strands(old, new, weight, style.spread) if style.spread > 0 else None,
        rim=bright_rim(new, weight, share),
        foreign=foreign_share(weight, share),
    )
