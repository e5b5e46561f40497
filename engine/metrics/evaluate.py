"""Measuring weights on a split of a dataset folder: what `tessera evaluate` and the cards say.

SEAN: every picture is encoded with its own label map and painted again, as the editor would paint it (mean style for
labels that are too small for a code, the noise of seed 0, rounded to 8 bits). The reconstruction is compared with the
picture at the network's resolution, and a parser looks for the label map in both. Parser: its label maps, made as the
editor makes them, are compared with the true ones at each picture's own size.

A number that cannot be had (feature network or parser not installed) is None, and "missing" says why.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.checkpoints.card import require_label_set
from engine.data.folder import image_path, split_stems
from engine.devices import is_out_of_memory
from engine.errors import BadFile, BadRequest, Cancelled, EngineError, OutOfMemory, WeightsError
from engine.images import fit_square, fit_square_label_map, read_image
from engine.label_sets import LabelSet, load_label_set
from engine.labels import read_label_map, resize_label_map
from engine.metrics.features import MOBILENET, load_feature_net, pooled_features
from engine.metrics.frechet import frechet_distance
from engine.metrics.reconstruction import psnr, rmse, ssim
from engine.metrics.segmentation import confusion, segmentation
from engine.nn.blocks import one_hot, seeded_noise
from engine.painters.sean import SEANPainter
from engine.photo_parser import PhotoParser
from engine.session import Session

FID = "FID-MobileNetV2"
"""A Frechet distance on MobileNetV2's 1280 pooled features. It does not compare with published FIDs."""
RARE_SHARE = 2e-4
"""Labels with a smaller share of the split's pixels are left out of "miou_without_rare" (necklaces, in `faces`)."""
BATCH, SEED = 4, 0

Array = np.ndarray
Report = Callable[[float, str], None]


def evaluate(
    weights: str | Path,
    data: Path,
    split: str,
    *,
    device: str = "auto",
    limit: int | None = None,
    on_progress: Report | None = None,
    cancel: threading.Event | None = None,
) -> dict[str, Any]:
    """Measure weights on a split.

    Args:
        weights: name or folder of weights of the system "sean" or "parser".
        data: dataset folder: images/, labels/, classes.json and, if it has more than one split, splits.json.
        split: a name in splits.json; without that file every pair belongs to every split.
        device: "auto" or a device id.
        limit: measure the first `limit` pictures only.
        on_progress: called with (fraction 0..1, what is being done).
        cancel: set it from any thread to stop after the batch at hand.

    Returns:
        Plain data for JSON. Always: weights, system, data, split, pictures, resolution, device, seconds,
        seconds_per_picture, networks, missing (reasons by name), rare_labels, label_shares.
        SEAN: ssim, rmse, psnr (`engine.metrics.reconstruction`), "FID-MobileNetV2", and under "reconstructions" and
        "real_pictures" what the parser makes of them: miou, miou_without_rare, accuracy, iou by label name.
        Parser: miou, miou_without_rare, accuracy, iou by label name. An IoU is None for a label that occurs neither
        in truth nor in prediction; means leave those out.

    Raises:
        WeightsError, BadFile, BadLabelMap, BadRequest, NotSupported, OutOfMemory, Cancelled.
    """
    if limit is not None and limit < 1:
        raise BadRequest(f"The limit {limit} leaves no picture to measure; give 1 or more.")

    def report(fraction: float, text: str) -> None:
        if cancel is not None and cancel.is_set():
            raise Cancelled()
        if on_progress is not None:
            on_progress(min(fraction, 1.0), text)

    report(0.0, "loading")
    session = Session(device)
    model = session.load(str(weights))
    pairs = Pairs(Path(data), split, limit)
    require_label_set(model.card, pairs.label_set)
    started = time.perf_counter()
    try:
        with torch.inference_mode():
            if isinstance(model, SEANPainter):
                numbers = _evaluate_sean(model, pairs, session, report)
            elif isinstance(model, PhotoParser):
                numbers = _evaluate_parser(model, pairs, report)
            else:
                raise BadRequest(f'"{weights}" is of the system "{model.card.system}", which is not measured yet.')
    except EngineError:
        raise
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        session.unload()
        raise OutOfMemory(
            f"There was not enough memory on {session.device} to measure these weights; choose the CPU.",
            details=repr(error),
        ) from error
    report(1.0, "measured")
    about = {
        "weights": model.card.name,
        "system": model.card.system,
        "data": pairs.folder.name,
        "split": split,
        "pictures": len(pairs),
        "resolution": model.config.resolution,
        "device": str(session.device),
        "seconds": time.perf_counter() - started,
    }
    return about | numbers


# ---------------------------------------------------------------- data


class Pairs:
    """The pictures of a split with their label maps, read one after the other.

    Raises:
        BadFile: the folder, its classes.json or the split is missing or empty.
    """

    def __init__(self, folder: Path, split: str, limit: int | None = None) -> None:
        if not folder.is_dir():
            raise BadFile(f'There is no folder "{folder}"; give a dataset folder with images/ and labels/.')
        self.folder, self.split = folder, split
        self.label_set: LabelSet = load_label_set(folder / "classes.json")
        self.stems = split_stems(folder, split)[:limit]

    def __len__(self) -> int:
        return len(self.stems)

    def read(self, stem: str) -> tuple[Array, Array]:
        """Picture (H, W, 3) and label map (h, w), uint8, each at its own size. Raises BadFile, BadLabelMap."""
        pixels = read_image(image_path(self.folder, stem)).pixels
        return pixels, read_label_map(self.folder / "labels" / f"{stem}.png", self.label_set).label_map

    def squares(self, side: int, batch: int) -> Iterator[tuple[Array, Array]]:
        """Batches of centre squares: (B, side, side, 3) and (B, side, side) uint8."""
        for start in range(0, len(self), batch):
            pairs = [self.read(stem) for stem in self.stems[start : start + batch]]
            yield (
                np.stack([fit_square(pixels, side) for pixels, _ in pairs]),
                np.stack([fit_square_label_map(label_map, side) for _, label_map in pairs]),
            )


# ---------------------------------------------------------------- SEAN


def _evaluate_sean(painter: SEANPainter, pairs: Pairs, session: Session, report: Report) -> dict[str, Any]:
    missing: dict[str, str] = {}
    try:
        features = load_feature_net().to(session.device)
    except WeightsError as error:
        features, missing[FID] = None, str(error)
    parser_name = session.parser_for(pairs.label_set)
    parser = session.load(parser_name) if parser_name is not None else None
    if not isinstance(parser, PhotoParser):
        reason = f"No parser for the labels of '{pairs.label_set.name}' is installed."
        missing |= {"reconstructions": reason, "real_pictures": reason}
    similar: list[Tensor] = []
    pooled: list[tuple[Tensor, Tensor]] = []
    fake_counts, real_counts = Counts(pairs.label_set), Counts(pairs.label_set)
    seconds, done = 0.0, 0
    for images, maps in pairs.squares(painter.config.resolution, BATCH):
        started = time.perf_counter()
        fakes = _reconstruct(painter, images, maps)
        seconds += time.perf_counter() - started
        a, b = _unit(images, session.device), _unit(fakes, session.device)
        similar.append(torch.stack([ssim(a, b), rmse(a, b), psnr(a, b)], dim=1).cpu())
        if features is not None:
            pooled.append((pooled_features(features, a * 2 - 1), pooled_features(features, b * 2 - 1)))
        for real, fake, label_map in zip(images, fakes, maps, strict=True):
            if isinstance(parser, PhotoParser):
                fake_counts.add(label_map, parser.parse(fake)[0])
                real_counts.add(label_map, parser.parse(real)[0])
            else:
                real_counts.add(label_map, label_map)
            done += 1
            report(done / len(pairs), "reconstructing")
    means = torch.cat(similar).mean(0).tolist()
    distance: float | None = None
    if features is not None and done < 2:
        missing[FID] = "A Frechet distance needs two pictures or more."
    elif features is not None:
        distance = frechet_distance(torch.cat([r for r, _ in pooled]), torch.cat([f for _, f in pooled]))
    rare = real_counts.rare()
    has_parser = isinstance(parser, PhotoParser)
    return {
        "seconds_per_picture": seconds / done,
        "ssim": means[0],
        "rmse": means[1],
        "psnr": means[2],
        FID: distance,
        "reconstructions": fake_counts.numbers(rare) if has_parser else None,
        "real_pictures": real_counts.numbers(rare) if has_parser else None,
        "rare_labels": [pairs.label_set[i].name for i in rare],
        "label_shares": real_counts.shares(),
        "networks": {
            "features": MOBILENET if features is not None else None,
            "parser": parser_name if has_parser else None,
        },
        "missing": missing,
    }


def _reconstruct(painter: SEANPainter, images: Array, maps: Array) -> Array:
    """Encode (B, S, S, 3) with (B, S, S) and paint again: (B, S, S, 3) uint8."""
    image = (_unit(images, painter.device) * 2 - 1).contiguous(memory_format=torch.channels_last)
    ids = torch.from_numpy(maps.astype(np.int64)).to(painter.device)
    hot = one_hot(ids, painter.config.labels).contiguous(memory_format=torch.channels_last)
    codes, present = painter.generator.encode(image, hot)
    mean = painter.mean[None].to(codes)
    codes = torch.where(present[:, None, :, None], codes, mean)
    fake = painter.generator(hot, codes, seeded_noise(SEED, painter.device), contracted=True)
    pixels = ((fake.float() + 1) * 127.5).round().clamp(0, 255).byte()
    return np.ascontiguousarray(pixels.permute(0, 2, 3, 1).cpu().numpy())


def _unit(pixels: Array, device: torch.device) -> Tensor:
    """(B, H, W, 3) uint8 -> (B, 3, H, W) in [0, 1]."""
    return torch.from_numpy(pixels).to(device).permute(0, 3, 1, 2).float().div(255)


# ---------------------------------------------------------------- parser


def _evaluate_parser(parser: PhotoParser, pairs: Pairs, report: Report) -> dict[str, Any]:
    counts, seconds = Counts(pairs.label_set), []
    for done, stem in enumerate(pairs.stems, 1):
        pixels, truth = pairs.read(stem)
        started = time.perf_counter()
        found = parser.parse(pixels)[0]
        seconds.append(time.perf_counter() - started)
        counts.add(resize_label_map(truth, *found.shape), found)
        report(done / len(pairs), "finding regions")
    rare = counts.rare()
    return {
        "seconds_per_picture": median(seconds),
        **counts.numbers(rare),
        "rare_labels": [pairs.label_set[i].name for i in rare],
        "label_shares": counts.shares(),
        "networks": {},
        "missing": {},
    }


@dataclass
class Counts:
    """A confusion matrix that grows picture by picture; pixels of the label set's ignore id do not count."""

    label_set: LabelSet

    def __post_init__(self) -> None:
        self.matrix = torch.zeros(len(self.label_set), len(self.label_set), dtype=torch.int64)

    def add(self, truth: Array, found: Array) -> None:
        """Count two label maps of one shape."""
        known = torch.from_numpy(truth.astype(np.int64))
        if self.label_set.ignore is not None:
            known[known == self.label_set.ignore] = -1
        self.matrix += confusion(known, torch.from_numpy(found.astype(np.int64)), len(self.label_set))

    def _left_out(self) -> set[int]:
        return set() if self.label_set.ignore is None else {self.label_set.ignore}

    def rare(self) -> list[int]:
        """Labels that are almost absent in truth."""
        share = self.matrix.sum(1) / self.matrix.sum().clamp(min=1)
        return [i for i in range(len(self.label_set)) if share[i] < RARE_SHARE and i not in self._left_out()]

    def shares(self) -> dict[str, float]:
        """Each label's share of the true pixels, by name."""
        share = self.matrix.sum(1).double() / self.matrix.sum().clamp(min=1)
        return {label.name: float(share[label.id]) for label in self.label_set.labels}

    def numbers(self, rare: Collection[int]) -> dict[str, Any]:
        """miou, miou_without_rare, accuracy, iou by label name."""
        left_out = self._left_out()
        result = segmentation(self.matrix, left_out)
        iou = {label.name: result.iou[label.id] for label in self.label_set.labels if label.id not in left_out}
        return {
            "miou": result.mean_iou,
            "miou_without_rare": segmentation(self.matrix, left_out | set(rare)).mean_iou,
            "accuracy": result.accuracy,
            "iou": iou,
        }


# ---------------------------------------------------------------- for people


def rows(metrics: dict[str, Any]) -> list[tuple[str, str]]:
    """The metrics as (name, value) lines for a terminal; a missing number says why."""
    lines: list[tuple[str, str]] = []
    missing = metrics.get("missing", {})
    for key, value in metrics.items():
        if key in ("missing", "label_shares"):
            continue
        if value is None:
            lines.append((key, f"- ({missing.get(key, 'not measured')})"))
        elif key == "iou":
            lines += [(f"iou: {name}", _text(number)) for name, number in value.items()]
        elif key in ("reconstructions", "real_pictures"):
            words = "parser on " + key.replace("_", " ")
            lines += [(f"{words}: {name}", _text(value[name])) for name in ("miou", "miou_without_rare", "accuracy")]
            lines += [(f"{words}: iou: {name}", _text(number)) for name, number in value["iou"].items()]
        elif isinstance(value, dict):
            lines += [(f"{key}: {name}", _text(part)) for name, part in value.items()]
        else:
            lines.append((key, _text(value)))
    return lines


def _text(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.4f}"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
