"""How weights that fill holes are measured, and what a report shows of them (`engine.systems.measuring`).

Each picture of the split gets six holes, rectangles and free forms of three sizes, the same for whoever is measured. It
is filled as a photo of the weights' own size is, seam and grain included, and compared with the picture in the hole
alone. The two classical methods of OpenCV fill the same holes.
"""

from __future__ import annotations

import time
from collections import defaultdict
from itertools import product
from pathlib import Path

import cv2
import numpy as np
import torch

from engine.compose.filling import filled
from engine.compose.samples import as_colours
from engine.data.layout import evenly
from engine.data.pictures import PictureFolder
from engine.errors import Message, WeightsError
from engine.metrics.diversity import distance
from engine.metrics.features import MOBILENET, load_feature_net
from engine.metrics.judges import LPIPS
from engine.metrics.reconstruction import PSNR_LIMIT, WINDOW, similarity_map
from engine.nn.feature_net import FeatureNet
from engine.progress import Progress
from engine.systems.an_inpaint.filler import HoleFiller
from engine.systems.an_inpaint.holes import Shape, hole_numbers, holes
from engine.systems.measuring import ALL, Cell, Column, Figures, MeasureOptions, Row, Table

Array = np.ndarray
Numbers = dict[tuple[str, str], list[dict[str, float]]]
"""Of each hole, by who filled it ("": the weights) and the kind of hole."""
SHAPES: tuple[Shape, ...] = ("free-form", "rectangle")
SHARES = (0.1, 0.25, 0.5)
CLASSICAL = {"Telea": cv2.INPAINT_TELEA, "Navier-Stokes": cv2.INPAINT_NS}
"""Telea, "An image inpainting technique based on the fast marching method", 2004; Bertalmio et al., CVPR 2001."""
RADIUS = 3
"""Pixels around each that the classical methods look at."""
PSNR, SSIM, L1 = "psnr_hole", "ssim_hole", "l1_hole"
TABLE = Table(
    "Filled holes",
    (
        Column("pictures", ("pictures",), 0, None),
        Column("side", ("resolution",), 0, None),
        Column("PSNR in the hole", (PSNR,), 2, True),
        Column("SSIM in the hole", (SSIM,), 3, True),
        Column("L1 in the hole", (L1,), 4, False),
        Column("LPIPS-MobileNetV2", (LPIPS,), 3, False, optional=True),
    ),
)


def measure(filler: HoleFiller, data_folder: Path, options: MeasureOptions, report: Progress) -> Figures:
    """PSNR, SSIM, L1 and perceptual distance in the hole: means over all holes, by kind of hole ("rectangle 25 %"), and
    of each classical method, over all holes and by kind ("Telea: psnr_hole"). Raises BadFile, Cancelled."""
    dataset = PictureFolder(data_folder, options.split, filler.side)
    features, missing = _features(options)
    indices = evenly(len(dataset), options.limit or len(dataset))
    numbers: Numbers = defaultdict(list)
    seconds, kinds = 0.0, list(product(SHAPES, SHARES))
    for count, index in enumerate(indices):
        picture = dataset.images[index]
        for shape, share in kinds:
            report((count + kinds.index((shape, share)) / len(kinds)) / len(indices), Message("painting"))
            hole = _hole(index, filler.side, shape, share)
            started = time.perf_counter()
            pictures = {"": fill(filler, picture, hole)}
            seconds += time.perf_counter() - started
            pictures |= {name: classical(name, picture, hole) for name in CLASSICAL}
            for name, painted in pictures.items():
                numbers[name, _kind(shape, share)].append(compared(picture, painted, hole, features))
    return {
        "split": options.split if (data_folder / "splits.json").is_file() else ALL,
        "pictures": len(indices),
        "resolution": filler.side,
        "seconds_per_picture": seconds / (len(indices) * len(kinds)),
        **_of_all(numbers, ""),
        **({} if features is not None else {LPIPS: None}),
        **{name: _of_all(numbers, name) for name in CLASSICAL},
        **{_kind(*kind): _of_kind(numbers, _kind(*kind)) for kind in kinds},
        "networks": {"features": MOBILENET if features is not None else None},
        "missing": missing,
    }


def sheet(filler: HoleFiller, data_folder: Path, options: MeasureOptions, report: Progress) -> list[Row]:
    """Pictures with a hole, filled by the weights beside the classical methods; kinds of holes in turns."""
    dataset = PictureFolder(data_folder, options.split, filler.side)
    indices, kinds = evenly(len(dataset), options.limit or len(dataset)), list(product(SHAPES, SHARES))
    sheet_rows = []
    for count, index in enumerate(indices):
        report(count / len(indices), Message("pictures for the report"))
        picture, (shape, share) = dataset.images[index], kinds[count % len(kinds)]
        hole = _hole(index, filler.side, shape, share)
        data_cells = [Cell("picture", picture), Cell("hole", np.where(hole[..., None], np.uint8(128), picture))]
        data_cells += [Cell(name, classical(name, picture, hole)) for name in CLASSICAL]
        made_cells = (Cell(filler.card.name, fill(filler, picture, hole)),)
        sheet_rows.append(Row(f"{dataset.stems[index]}, {_kind(shape, share)}", tuple(data_cells), made_cells))
    return sheet_rows


def fill(filler: HoleFiller, picture: Array, hole: Array) -> Array:
    """As an inpaint request of seed 0 fills a photo of that size."""

    def paint(colours: Array, missing: Array) -> Array:
        return as_colours(filler.paint(np.rint(colours * 255).astype(np.uint8), missing, 0))

    sides = {"own_side": filler.side, "least_side": filler.least_side}
    colours = filled(as_colours(picture), hole, ~hole, paint, **sides, seed=0)
    return np.where(hole[..., None], np.rint(colours * 255).astype(np.uint8), picture)


def classical(name: str, picture: Array, hole: Array) -> Array:
    """One of `CLASSICAL`."""
    return cv2.inpaint(np.ascontiguousarray(picture), hole.astype(np.uint8), RADIUS, CLASSICAL[name])


def compared(picture: Array, painted: Array, hole: Array, features: FeatureNet | None) -> dict[str, float]:
    """PSNR in decibels, mean SSIM of the windows whose middle is in the hole (where there are any), mean absolute
    difference of 0..1, and perceptual distance where there is a network."""
    difference = (painted.astype(np.float64) - picture)[hole] / 255
    error = max(float(np.square(difference).mean()), 10 ** (-PSNR_LIMIT / 10))
    numbers = {PSNR: -10 * float(np.log10(error)), L1: float(np.abs(difference).mean())}
    real, filled = (torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None] for pixels in (picture, painted))
    margin = WINDOW // 2
    middles = torch.from_numpy(hole[margin:-margin, margin:-margin])
    if middles.any():
        numbers[SSIM] = float(similarity_map(real / 255, filled / 255).mean(dim=1)[0][middles].mean())
    if features is not None:
        device = next(features.buffers()).device
        scaled_real, scaled_made = (pixels.to(device).float() / 127.5 - 1 for pixels in (real, filled))
        where = torch.from_numpy(hole)[None, None].float().to(device)
        numbers[LPIPS] = float(distance(features, scaled_real, scaled_made, where))
    return numbers


def _features(options: MeasureOptions) -> tuple[FeatureNet | None, dict[str, str]]:
    try:
        return load_feature_net().to(options.services.device), {}
    except WeightsError as error:
        return None, {LPIPS: str(error)}


def _hole(index: int, side: int, shape: Shape, share: float) -> Array:
    """(side, side) bool: the picture's own, of that kind."""
    return holes(hole_numbers([index]), side, (share, share), shape)[0, 0].numpy() > 0


def _kind(shape: Shape, share: float) -> str:
    return f"{shape} {share:.0%}".replace("%", " %")


def _mean(rows: list[dict[str, float]]) -> dict[str, float]:
    """Of each number, over the rows that have it."""
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: float(np.mean([row[name] for row in rows if name in row])) for name in names}


def _of_all(numbers: Numbers, name: str) -> dict[str, float]:
    return _mean([row for (filler_name, _), rows in numbers.items() if filler_name == name for row in rows])


def _of_kind(numbers: Numbers, kind: str) -> dict[str, float]:
    own = _mean(numbers["", kind])
    classical = {f"{name}: {key}": value for name in CLASSICAL for key, value in _mean(numbers[name, kind]).items()}
    return own | classical
