"""Sheets of pictures that let a person judge a SEAN at a glance, at full resolution, with words on top.

Two kinds. `reconstruction_sheet` shows photographs of a data set next to their reconstructions: it is for run folders
and must never be committed or shipped. `shipped_sheet` is what stands beside weights (samples.png): every picture in
it is painted by the network, and every label map in it was drawn by Tessera's own code (resources/templates).
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from engine.data.folder import DatasetFolder
from engine.data.styles import encode_all, mean_style
from engine.errors import BadRequest
from engine.images import write_image
from engine.labels import colourise, resize_label_map
from engine.models.sean import SEANGenerator
from engine.nn.blocks import one_hot, seeded_noise

Array = np.ndarray
PAPER, INK = (250, 250, 248), (40, 40, 44)
GAP, SEED = 4, 0


# ---------------------------------------------------------------- with photographs: for run folders only


def reconstruction_sheet(
    generator: SEANGenerator, data: DatasetFolder, path: Path, rows: int = 8, *, mean: Tensor | None = None
) -> None:
    """Write a PNG with one row per picture: real, reconstruction, swapped styles.

    Swapped: the own label map with the styles of the next row's picture; labels that are not in that one take the
    mean style. The sheet holds data-set pictures: keep it in a run folder, never commit it.

    Args:
        generator: in evaluation mode, on any device.
        data: a split, read at a size that the generator takes; rows are spread evenly over it.
        path: where the PNG goes.
        rows: pictures shown, at most those of the split.
        mean: (E, L, D) mean style; without it the mean over the split.

    Raises:
        BadFile: the sheet cannot be written.
    """
    chosen = _spread(len(data), rows)
    codes, present = encode_all(generator, data, chosen)
    if mean is None:
        mean = mean_style(generator, data, _spread(len(data), 200))
    own = _or_mean(codes, present, mean)
    swapped = _or_mean(codes.roll(-1, 0), present.roll(-1, 0), mean)
    columns = [
        data.images[chosen],
        paint(generator, data.label_maps[chosen], own),
        paint(generator, data.label_maps[chosen], swapped),
    ]
    cells = [[column[n] for column in columns] for n in range(len(chosen))]
    names = ("real", "reconstruction", "styles of the next row's picture")
    note = "Contains pictures of the data set: not for publication."
    write_image(path, _compose(cells, names, f"{data.folder.name}/{data.split}. {note}"))


# ---------------------------------------------------------------- without: for samples.png


def shipped_sheet(
    generator: SEANGenerator,
    mean: Tensor,
    data: DatasetFolder,
    templates: Sequence[tuple[str, Array]],
    path: Path,
    *,
    styles: Sequence[str] | int = 5,
    title: str = "",
) -> None:
    """Write a PNG without a single data-set picture or label map.

    First row: reconstructions of the pictures that lend their styles (painted, not the photographs). Below, a row
    per template: its label map in colours, painted in the mean style, then in each picture's styles (labels that the
    picture does not have take the mean style).

    Args:
        generator: in evaluation mode, on any device.
        mean: (E, L, D) mean style.
        data: the split that styles are read from, at a size that the generator takes.
        templates: (name, label map) of Tessera's own templates.
        path: where the PNG goes.
        styles: stems of pictures, or how many to choose (as different in colours as possible).
        title: first words of the strip on top.

    Raises:
        BadRequest: a stem is not in the split. BadFile: the sheet cannot be written.
    """
    chosen = most_different(data, styles) if isinstance(styles, int) else _find(data, styles)
    codes, present = encode_all(generator, data, chosen)
    own = _or_mean(codes, present, mean)
    side = data.side
    blank = np.full((side, side, 3), PAPER, np.uint8)
    cells = [[blank, blank, *paint(generator, data.label_maps[chosen], own)]]
    every = torch.cat([mean[None].to(own), own])
    for _, label_map in templates:
        small = resize_label_map(label_map, side, side)
        painted = paint(generator, np.broadcast_to(small, (len(every), side, side)), every)
        cells.append([colourise(small, data.label_set), *painted])
    names = ("label map", "mean style", *(f"styles of picture {n}" for n in range(1, len(chosen) + 1)))
    words = (
        f"{title} Top: reconstructions of {len(chosen)} {data.split} pictures. Below: label maps drawn by code, "
        "painted in the mean style and in those pictures' styles. No photograph is shown."
    )
    write_image(path, _compose(cells, names, words.strip()))


def most_different(data: DatasetFolder, count: int) -> list[int]:
    """Indices of `count` pictures whose regions' mean colours lie far apart; of two equal ones, the first.

    Only pictures count that show every label which half of the split or more shows, so that they lend full styles,
    and of those not the fifth that is farthest from the average (overexposed, masked, coloured light). Starts with
    the picture nearest to the average, then takes the one farthest from all taken.
    """
    labels = len(data.label_set)
    means = np.full((len(data), labels, 3), np.nan)
    for n, (image, label_map) in enumerate(zip(data.images, data.label_maps, strict=True)):
        area = np.bincount(label_map.ravel(), minlength=256)[:labels]
        for channel in range(3):
            sums = np.bincount(label_map.ravel(), image[..., channel].ravel(), minlength=256)[:labels]
            means[n, :, channel] = np.where(area > 0, sums / np.maximum(area, 1), np.nan)
    shown = ~np.isnan(means[..., 0])
    common = shown.mean(0) >= 0.5
    whole = np.flatnonzero(shown[:, common].all(1))
    if not len(whole):
        return _spread(len(data), count)
    points = means[whole][:, common].reshape(len(whole), -1)
    away = np.linalg.norm(points - points.mean(0), axis=1)
    usual = np.sort(away.argsort(kind="stable")[: max(count, len(whole) * 4 // 5)])
    whole, points, away = whole[usual], points[usual], away[usual]
    taken = [int(away.argmin())]
    while len(taken) < min(count, len(whole)):
        gaps = np.linalg.norm(points[:, None] - points[taken][None], axis=2).min(1)
        taken.append(int(gaps.argmax()))
    return [int(whole[n]) for n in taken]


# ---------------------------------------------------------------- painting


@torch.inference_mode()
def paint(generator: SEANGenerator, label_maps: Array, codes: Tensor) -> Array:
    """Label maps (N, S, S) in styles (N, E, L, D), a few at a time: (N, S, S, 3) uint8."""
    device = next(generator.parameters()).device
    noise = seeded_noise(SEED, device)
    painted = []
    for start in range(0, len(label_maps), 4):
        ids = torch.from_numpy(label_maps[start : start + 4].astype(np.int64)).to(device)
        hot = one_hot(ids, generator.config.labels)
        fake = generator(hot, codes[start : start + 4].to(device), noise, contracted=True)
        painted.append(((fake.float() + 1) * 127.5).round().clamp(0, 255).byte().permute(0, 2, 3, 1).cpu())
    return torch.cat(painted).numpy()


def _or_mean(codes: Tensor, present: Tensor, mean: Tensor) -> Tensor:
    return torch.where(present[:, None, :, None], codes, mean[None].to(codes))


def _spread(length: int, count: int) -> list[int]:
    """`count` indices below `length`, evenly spread."""
    return np.linspace(0, length - 1, min(count, length)).round().astype(int).tolist()


def _find(data: DatasetFolder, stems: Sequence[str]) -> list[int]:
    for stem in stems:
        if stem not in data.stems:
            raise BadRequest(f'There is no picture "{stem}" in {data.folder.name}/{data.split}; give others.')
    return [data.stems.index(stem) for stem in stems]


# ---------------------------------------------------------------- layout


def _compose(cells: Sequence[Sequence[Array]], names: Sequence[str], words: str) -> Array:
    """Rows of equal square cells under a strip with words and the columns' names: (H, W, 3) uint8."""
    side = cells[0][0].shape[0]
    step = side + GAP
    width = step * len(names) + GAP
    size = max(11, side // 14)
    font = ImageFont.load_default(size)
    line = round(size * 1.35)
    head = textwrap.wrap(words, max(20, round(width / (size * 0.52))))
    labels = [textwrap.wrap(name, max(8, round(side / (size * 0.56)))) for name in names]
    text_height = line * (len(head) + max(map(len, labels))) + 3 * GAP
    sheet = Image.new("RGB", (width, text_height + step * len(cells)), PAPER)
    pen = ImageDraw.Draw(sheet)
    for n, text in enumerate(head):
        pen.text((GAP, GAP + n * line), text, INK, font)
    for n, lines in enumerate(labels):
        for m, text in enumerate(lines):
            pen.text((GAP + n * step, 2 * GAP + (len(head) + m) * line), text, INK, font)
    for y, row in enumerate(cells):
        for x, cell in enumerate(row):
            sheet.paste(Image.fromarray(np.ascontiguousarray(cell)), (GAP + x * step, text_height + y * step))
    return np.array(sheet)


__all__ = ["encode_all", "most_different", "paint", "reconstruction_sheet", "shipped_sheet"]
