"""How generators of classes are measured, and what a report shows of them (`engine.systems.measuring`).

As many pictures are made as the split has, of the same classes, each from noise of its own. Pooled features of both
are compared: by the Frechet distance, over all and per class, and by the kernel distance
(`engine.metrics.kernel_distance`), which is no larger on average where a class has few pictures. A generator that has
learnt what a class is makes pictures that are nearer to the photographs of that class than to those of any other.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from engine.data.layout import evenly
from engine.data.pictures import ClassFolder
from engine.errors import BadRequest, Message
from engine.metrics.frechet import frechet_distance
from engine.metrics.judges import FID, FID_EFFICIENTNET, Judges
from engine.metrics.kernel_distance import kernel_distance
from engine.pictures.montage import grid
from engine.progress import Progress
from engine.systems.an_classes.maker import BATCH, ClassMaker
from engine.systems.measuring import ALL, Cell, Column, Figures, MeasureOptions, Row, Table

Array = np.ndarray
KERNEL_DISTANCES = {FID: "KID-MobileNetV2", FID_EFFICIENTNET: "KID-EfficientNetLite0"}
"""What the kernel distance on the features of each Frechet distance is called."""
PHOTOGRAPHS, MADE = "photographs", "made"
GRID = 3
"""Rows and columns of the pictures of a class in a report."""
TABLE = Table(
    "Pictures of classes",
    (
        Column("pictures", ("pictures",), 0, None),
        Column("side", ("resolution",), 0, None),
        Column("FID-MobileNetV2", ("FID-MobileNetV2",), 1, False),
        Column("KID-MobileNetV2", ("KID-MobileNetV2",), 4, False),
        Column("FID-EfficientNetLite0", ("FID-EfficientNetLite0",), 1, False, optional=True),
        Column("KID-EfficientNetLite0", ("KID-EfficientNetLite0",), 4, False, optional=True),
        Column("classes nearest to their own", ("nearest_classes",), 3, True),
    ),
)
TOO_FEW = Message("A distance needs two pictures or more.")


def measure(maker: ClassMaker, data_folder: Path, options: MeasureOptions, report: Progress) -> Figures:
    """The numbers of weights that make pictures of classes, on a folder of pictures by class.

    FID-MobileNetV2, KID-MobileNetV2 and, where it is installed, the same by EfficientNet-Lite0: of all pictures; under
    "classes" of each class, with the number of its pictures and the class ("nearest") to whose photographs they are
    nearest by the first kernel distance. "nearest_classes": the share of classes that are nearest to their own.

    Raises:
        BadFile, Cancelled. BadRequest: the folder has a class that the weights do not know.
    """
    dataset, indices_by_class = _split_by_class(maker, data_folder, options)
    judges = Judges.installed(
        options.services.device, (maker.card.perceptual_network, maker.card.discriminator_network)
    )
    picture_count, seen_count, making_seconds = sum(map(len, indices_by_class.values())), 0, 0.0
    for class_name, indices in indices_by_class.items():
        for first in range(0, len(indices), BATCH):
            seeds = indices[first : first + BATCH]
            start_time = time.perf_counter()
            generated = _make(maker, class_name, seeds)
            making_seconds += time.perf_counter() - start_time
            judges.see(f"{PHOTOGRAPHS} {class_name}", _unit_tensor(dataset.images[np.array(seeds)]))
            judges.see(f"{MADE} {class_name}", _unit_tensor(generated))
            seen_count += len(seeds)
            report(seen_count / picture_count, Message("painting"))
    numbers = _distances(judges, list(indices_by_class))
    nearest = {name: _nearest(judges, name, list(indices_by_class)) for name in indices_by_class}
    known_nearest = [name == nearest_name for name, nearest_name in nearest.items() if nearest_name is not None]
    numbers["nearest_classes"] = sum(known_nearest) / len(known_nearest) if known_nearest else None
    reasons = dict(judges.missing)
    reasons |= {kid: reasons[fid] for fid, kid in KERNEL_DISTANCES.items() if fid in reasons}
    return {
        "split": options.split if (data_folder / "splits.json").is_file() else ALL,
        "pictures": picture_count,
        "seconds_per_picture": making_seconds / picture_count,
        **numbers,
        "classes": {
            name: {"pictures": len(indices), **_distances(judges, [name]), "nearest": nearest[name]}
            for name, indices in indices_by_class.items()
        },
        "networks": {use: network for use, network in judges.names().items() if use != "inception"},
        "missing": {name: reasons.get(name, TOO_FEW) for name, number in numbers.items() if number is None},
    }


def sheet(maker: ClassMaker, data_folder: Path, options: MeasureOptions, report: Progress) -> list[Row]:
    """For each class, photographs of it beside pictures that the weights make of it."""
    dataset, indices_by_class = _split_by_class(maker, data_folder, MeasureOptions(options.split, options.services))
    sheet_rows: list[Row] = []
    for class_name in list(indices_by_class)[: options.limit]:
        report(len(sheet_rows) / len(indices_by_class), Message("pictures for the report"))
        indices = indices_by_class[class_name]
        photographs = dataset.images[np.array([indices[place] for place in evenly(len(indices), GRID**2)])]
        generated = _make(maker, class_name, range(GRID**2))
        data_cells = (Cell("photographs", grid(list(photographs), GRID)),)
        sheet_rows.append(Row(class_name, data_cells, (Cell(maker.card.name, grid(list(generated), GRID)),)))
    return sheet_rows


def _split_by_class(
    maker: ClassMaker, data_folder: Path, options: MeasureOptions
) -> tuple[ClassFolder, dict[str, list[int]]]:
    """The split at the resolution of the weights, and which of its pictures count, by class."""
    dataset = ClassFolder(data_folder, options.split, maker.config.resolution)
    unknown_names = sorted(set(dataset.names) - set(maker.class_names))
    if unknown_names:
        raise BadRequest(
            'The weights "{0}" know no class "{1}"; they know {2}.',
            maker.card.name,
            unknown_names[0],
            ", ".join(maker.class_names),
        )
    indices_by_class: dict[str, list[int]] = {}
    for index in evenly(len(dataset), options.limit or len(dataset)):
        indices_by_class.setdefault(dataset.names[int(dataset.classes[index])], []).append(index)
    return dataset, indices_by_class


def _make(maker: ClassMaker, class_name: str, seeds: Sequence[int]) -> Array:
    """Pictures of the class, one per seed: (N, side, side, 3) uint8."""
    return maker.make(seeds, [float(name == class_name) for name in maker.class_names], truncation=0.0)


def _distances(judges: Judges, class_names: Sequence[str]) -> dict[str, float | None]:
    """Frechet and kernel distances between photographs and made pictures of these classes; None where unknown."""
    numbers: dict[str, float | None] = {}
    for fid, kid in KERNEL_DISTANCES.items():
        numbers[fid] = _between(judges, fid, class_names, class_names, frechet_distance)
        numbers[kid] = _between(judges, fid, class_names, class_names, kernel_distance)
    return numbers


def _nearest(judges: Judges, generated_class: str, class_names: Sequence[str]) -> str | None:
    """The class to whose photographs the pictures made of another are nearest; None where too few are known."""
    for fid in KERNEL_DISTANCES:
        distances = {name: _between(judges, fid, [name], [generated_class], kernel_distance) for name in class_names}
        known = {name: distance for name, distance in distances.items() if distance is not None}
        if len(known) == len(class_names):
            return min(known, key=known.__getitem__)
    return None


def _between(
    judges: Judges,
    fid: str,
    photographed_classes: Sequence[str],
    generated_classes: Sequence[str],
    distance: Callable[[Tensor, Tensor], float],
) -> float | None:
    real_features = [judges.pooled(fid, f"{PHOTOGRAPHS} {name}") for name in photographed_classes]
    generated_features = [judges.pooled(fid, f"{MADE} {name}") for name in generated_classes]
    real_rows = [features for features in real_features if features is not None]
    generated_rows = [features for features in generated_features if features is not None]
    if min(sum(map(len, real_rows)), sum(map(len, generated_rows))) < 2:
        return None
    return distance(torch.cat(real_rows), torch.cat(generated_rows))


def _unit_tensor(pictures: Array) -> Tensor:
    """(N, H, W, 3) uint8 -> (N, 3, H, W) in [0, 1]."""
    return torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2).float().div(255)
