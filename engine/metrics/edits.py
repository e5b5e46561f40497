"""Measuring restyled photographs: is the picture still a photograph, and did the region take the style?

Every photo of a split has one region restyled from another photo of the split. Four pictures are made of each pair and
measured alike, so that the composition never stands without what it has to beat: the picture painted by the model, the
plain colour transfer (Reinhard et al. 2001) cut along the label map, the same with its edge blurred, and the
composition (`engine.compose`). Three numbers each:

- FID-MobileNetV2 to the photographs themselves, over whole pictures;
- the distance between the style code of the edited region, encoded again, and the wanted one, the mean over labels and
  pictures (encoded with the photo's label map, by the same weights);
- how far the region's mean colour is off the style's, of 255, the mean over channels.

Styles without a photo behind them (drawn, mixed) have a painted picture and a code, so there the composition stands
beside the painted picture alone. Without weights nothing is painted and there are no codes: the transfers and the
composition are measured by features and colours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch

from engine.compose.change import RegionChange, region_change, tones_of
from engine.compose.composition import compose, touched
from engine.compose.mattes import Matte
from engine.compose.samples import as_colours
from engine.compose.tones import Tones
from engine.compose.transfer import plain_transfer
from engine.metrics.features import pooled_features
from engine.metrics.frechet import frechet_distance
from engine.nn.feature_net import FeatureNet

Array = np.ndarray
Encode = Callable[[Array, Array], Array]
"""(picture (H, W, 3) uint8, label map (H, W)) -> style codes (L, D)."""

PAINTED, TRANSFER, SOFT_TRANSFER, COMPOSITION = "painted", "plain transfer", "plain transfer, soft edge", "composition"
METHODS = (PAINTED, TRANSFER, SOFT_TRANSFER, COMPOSITION)
SOFT_EDGE = 1.5
"""Standard deviation, in pixels, of the soft edge."""

EDITS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("hair", ("hair",)),
    ("lips", ("upper lip", "lower lip")),
    ("skin", ("skin", "nose", "left ear", "right ear", "neck")),
    ("clothes", ("clothes",)),
    ("background", ("background",)),
    ("sky", ("sky",)),
    ("road", ("road",)),
    ("vegetation", ("tree",)),
    ("walls", ("building",)),
    ("walls", ("wall",)),
)
"""What is measured where a label set has these labels: the edit's name, and those that it restyles together."""


@dataclass(frozen=True)
class Case:
    """One photo, one region, one style.

    photo (H, W, 3) uint8; label_map (H, W) uint8. labels: ids that are restyled, all of them in the photo.
    mattes: of each of these, as `engine.compose.mattes.region_mattes` makes them of all together.
    style, style_map: the style's photo and its label map, or None for a style without a photo.
    wanted: (L, D) the codes to reach. painted: (H, W, 3) uint8, painted with the photo's label map and the new style.
    Both are None where there are no weights.
    aimed_at: (H, W, 3) uint8, painted so that it shows `wanted` better (`engine.requests.editing.aim`), which is what
    a composition takes the tones of a style without a photo from; `painted` unless given.
    one_coloured: ids of labels whose regions are of one colour (`engine.compose.own_colour`).
    by_spread: ids of labels of plain surfaces (`engine.compose.tones.BY_SPREAD`).
    stranded: ids of labels of strands (`engine.compose.strands.STRANDED`).
    """

    photo: Array
    label_map: Array
    labels: tuple[int, ...]
    mattes: Mapping[int, Matte]
    wanted: Array | None = None
    painted: Array | None = None
    style: Array | None = None
    style_map: Array | None = None
    one_coloured: frozenset[int] = frozenset()
    by_spread: frozenset[int] = frozenset()
    stranded: frozenset[int] = frozenset()
    aimed_at: Array | None = None


@dataclass
class Numbers:
    """What one method's pictures measured. fid is None for fewer than two, code_distance without weights."""

    edit: str
    method: str
    pictures: int
    fid: float | None
    code_distance: float | None
    mean_off: float
    beyond: float | None = None
    """Largest share of a picture that was touched beyond the region; of compositions only."""

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Measured:
    """What one picture measured; features (1, D) float32, the rest as in `Numbers`, of this picture alone."""

    features: torch.Tensor
    code_distance: float | None
    mean_off: float
    beyond: float | None = None


def methods_of(case: Case) -> list[str]:
    """The methods that a case can be measured by, in the order of `METHODS`."""
    lacking = {PAINTED} if case.painted is None else set()
    if case.style is None:
        lacking |= {TRANSFER, SOFT_TRANSFER}
    return [method for method in METHODS if method not in lacking]


def measure_case(case: Case, network: FeatureNet, encode: Encode | None) -> dict[str, Measured]:
    """One case by each of its methods. encode: by the weights whose codes are wanted; None without weights."""
    measured = {}
    for method in methods_of(case):
        picture, beyond = edited(case, method)
        distance = None
        if encode is not None and case.wanted is not None:
            codes = encode(picture, case.label_map)
            distance = float(np.mean([np.linalg.norm(codes[n] - case.wanted[n]) for n in case.labels]))
        measured[method] = Measured(pooled(network, picture), distance, _mean_off(case, picture), beyond)
    return measured


def numbers_of(edit: str, cases: Sequence[Mapping[str, Measured]], photos: Sequence[torch.Tensor]) -> list[Numbers]:
    """Numbers of each method over the cases of an edit. photos: features (1, D) of each case's photo."""
    if not cases:
        return []
    return [_numbers(edit, method, [case[method] for case in cases], photos) for method in cases[0]]


def edited(case: Case, method: str) -> tuple[Array, float | None]:
    """The case's picture by one method, (H, W, 3) uint8; of compositions also the share touched beyond the region."""
    if method == PAINTED and case.painted is not None:
        return case.painted, None
    if method == COMPOSITION:
        return composed(case)
    photo = as_colours(case.photo)
    if case.style is None or case.style_map is None:
        raise ValueError("a colour transfer needs the style's photo")
    style, soft = as_colours(case.style), SOFT_EDGE if method == SOFT_TRANSFER else 0.0
    result = photo.copy()
    for label in case.labels:
        own, style_region = case.label_map == label, case.style_map == label
        result += plain_transfer(photo, own, style, style_region, soft) - photo
    return np.rint(np.clip(result, 0, 1) * 255).astype(np.uint8), None


def composed(case: Case) -> tuple[Array, float]:
    """The case's composition and the largest share of the picture that it touches beyond a region."""
    photo = as_colours(case.photo)
    label_map = case.label_map
    changes = [
        region_change(
            photo,
            label_map,
            label,
            case.mattes[label],
            style_tones(case, label),
            one_colour=label in case.one_coloured,
            by_spread=label in case.by_spread,
            stranded=label in case.stranded,
        )
        for label in case.labels
    ]
    return compose(case.photo, label_map, changes), max(_beyond(case, changes))


def _beyond(case: Case, changes: Sequence[RegionChange]) -> Iterator[float]:
    """The share of the picture that is touched beyond each region; labels that are one region count together."""
    for region in {change.matte.labels for change in changes}:
        of_region = [change for change in changes if change.matte.labels == region]
        outside = ~np.isin(case.label_map, region)
        yield float(np.mean(touched(case.photo, case.label_map, of_region) & outside))


def style_tones(case: Case, label: int) -> Tones:
    """What a label is to look like: as in the style's photo, or as painted where there is none."""
    shown, shown_map = _shown(case)
    if case.style is None and case.aimed_at is not None:
        shown = case.aimed_at
    region = (shown_map == label).astype(np.float32)
    return tones_of(as_colours(shown), region, one_colour=label in case.one_coloured)


def _shown(case: Case) -> tuple[Array, Array]:
    """The picture that shows the style, and its label map: the style's photo, or what is painted where it has none."""
    if case.style is not None and case.style_map is not None:
        return case.style, case.style_map
    if case.painted is None:
        raise ValueError("a style without a photo needs the painted picture")
    return case.painted, case.label_map


def as_table(rows: Sequence[Numbers]) -> str:
    """The numbers as a Markdown table."""
    lines = [
        "| edit | method | pictures | FID-MobileNetV2 | code distance | mean colour off (of 255) | beyond the region |",
        "|---|---|--:|--:|--:|--:|--:|",
    ]
    for row in rows:
        fid = "" if row.fid is None else f"{row.fid:.1f}"
        beyond = "" if row.beyond is None else f"{row.beyond:.2%}"
        code = "" if row.code_distance is None else f"{row.code_distance:.3f}"
        cells = (row.edit, row.method, row.pictures, fid, code, f"{row.mean_off:.2f}", beyond)
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines) + "\n"


def pooled(network: FeatureNet, picture: Array) -> torch.Tensor:
    """Features (1, D) of a picture (H, W, 3) uint8."""
    image = torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)[None].float().div(127.5).sub(1)
    with torch.inference_mode():
        return pooled_features(network, image)


def _mean_off(case: Case, picture: Array) -> float:
    target, target_map = _shown(case)
    off = []
    for label in case.labels:
        own = picture[case.label_map == label].mean(0, dtype=np.float64)
        wanted = target[target_map == label].mean(0, dtype=np.float64)
        off.append(float(np.abs(own - wanted).mean()))
    return float(np.mean(off))


def _numbers(edit: str, method: str, measured: Sequence[Measured], photos: Sequence[torch.Tensor]) -> Numbers:
    features = [picture.features for picture in measured]
    codes = [picture.code_distance for picture in measured if picture.code_distance is not None]
    return Numbers(
        edit,
        method,
        len(measured),
        fid=frechet_distance(torch.cat(list(photos)), torch.cat(features)) if len(photos) > 1 else None,
        code_distance=float(np.mean(codes)) if codes else None,
        mean_off=float(np.mean([picture.mean_off for picture in measured])),
        beyond=max((picture.beyond for picture in measured if picture.beyond is not None), default=None),
    )
