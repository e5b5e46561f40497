"""Sheets of pictures that let a person judge weights at a glance, at full resolution, with words on top.

Two kinds. `reconstruction_sheet` shows photographs of a data set next to their reconstructions: it is for run folders
and must never be committed or shipped. `shipped_sheet` and `variation_sheet` are what stands beside weights: every
picture in them is painted by the network, and every label map was drawn by Tessera's own code (resources/templates).
All pictures are painted as the editor paints them.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from engine.data.labelled import LabelledFolder
from engine.data.layout import evenly
from engine.errors import BadRequest, NotSupported
from engine.labels.label_maps import colourise
from engine.metrics.diversity import measure_change
from engine.metrics.repainting import all_drawn, can_sample, drawn_style, has_styles, own_styles, repaint
from engine.painting.label_painter import Array, Painter
from engine.pictures.images import fit_square_label_map, write_image
from engine.requests.styles import Style

PAPER, INK = (250, 250, 248), (40, 40, 44)
GAP = 4


# ---------------------------------------------------------------- with photographs: for run folders only


def reconstruction_sheet(painter: Painter, data: LabelledFolder, path: Path, rows: int = 8) -> None:
    """Write a PNG with one row per picture: real, reconstruction and, where there are styles, swapped and drawn ones.

    Swapped: the own label map with the styles of the next row's picture; labels that are not in that one take the
    mean style. The sheet holds data-set pictures: keep it in a run folder, never commit it.

    Args:
        painter: the weights.
        data: a split, read at the network's resolution; rows are spread evenly over it.
        path: where the PNG goes.
        rows: pictures shown, at most those of the split.

    Raises:
        BadFile: the sheet cannot be written.
    """
    chosen = evenly(len(data), rows)
    styles = [own_styles(painter, data.images[n], data.label_maps[n]) for n in chosen]
    names, cells = ["real", "reconstruction"], []
    if has_styles(painter):
        names.append("styles of the next row's picture")
    if can_sample(painter):
        names.append("drawn styles")
    for row, n in enumerate(chosen):
        label_map = data.label_maps[n]
        cells.append([data.images[n], repaint(painter, label_map, styles[row])])
        if has_styles(painter):
            cells[-1].append(repaint(painter, label_map, styles[(row + 1) % len(chosen)]))
        if can_sample(painter):
            cells[-1].append(repaint(painter, label_map, all_drawn(painter, label_map, row)))
    note = "Contains pictures of the data set: not for publication."
    write_image(path, _compose(cells, names, f"{data.folder.name}/{data.split}. {note}"))


# ---------------------------------------------------------------- without: for samples.png


def shipped_sheet(
    painter: Painter,
    data: LabelledFolder,
    templates: Sequence[tuple[str, Array]],
    path: Path,
    *,
    styles: Sequence[str] | int = 5,
    title: str = "",
) -> None:
    """Write a PNG without a single data-set picture or label map.

    First row: reconstructions of the pictures that lend their styles (painted, not the photographs). Below, a row
    per template: its label map in colours, painted in the mean style, then in each picture's styles (labels that the
    picture does not have take the mean style). Weights without styles paint every label map once.

    Args:
        painter: the weights.
        data: the split that styles are read from, at the network's resolution.
        templates: (name, label map) of Tessera's own templates.
        path: where the PNG goes.
        styles: stems of pictures, or how many to choose (as different in colours as possible).
        title: first words of the strip on top.

    Raises:
        BadRequest: a stem is not in the split. BadFile: the sheet cannot be written.
    """
    chosen = most_different(data, styles) if isinstance(styles, int) else _find(data, styles)
    side = data.side
    blank = np.full((side, side, 3), PAPER, np.uint8)
    own = [own_styles(painter, data.images[n], data.label_maps[n]) for n in chosen]
    top = [repaint(painter, data.label_maps[n], style) for n, style in zip(chosen, own, strict=True)]
    cells = [[blank, blank, *top]]
    every: list[dict[int, Style]] = [{}, *own] if has_styles(painter) else [{}]
    for _, label_map in templates:
        small = fit_square_label_map(label_map, side)
        painted = [repaint(painter, small, style) for style in every]
        cells.append([colourise(small, data.label_set), *painted, *[blank] * (len(chosen) + 1 - len(painted))])
    numbered = [f"styles of picture {n}" if has_styles(painter) else f"picture {n}" for n in range(1, len(chosen) + 1)]
    names = ("label map", "mean style", *numbered)
    words = (
        f"{title} Top: reconstructions of {len(chosen)} {data.split} pictures. Below: label maps drawn by code, "
        "painted in the mean style and in those pictures' styles. No photograph is shown."
    )
    write_image(path, _compose(cells, names, words.strip()))


def variation_sheet(
    painter: Painter,
    data: LabelledFolder,
    templates: Sequence[tuple[str, Array]],
    path: Path,
    *,
    labels: Sequence[int],
    count: int = 6,
    title: str = "",
) -> None:
    """Write a PNG of variations in which only one region's style is drawn anew; no data-set picture is in it.

    A row per template and label: the label map, painted in the styles of a picture of the split, then `count` times
    with that label's style drawn. The row's name says how much the picture changed outside the region.

    Args:
        painter: the weights.
        data: the split that styles are read from, at the network's resolution.
        templates: (name, label map) of Tessera's own templates.
        path: where the PNG goes.
        labels: whose styles are drawn; a template without such a region has no row for it.
        count: variations per row.
        title: first words of the strip on top.

    Raises:
        NotSupported: the weights cannot draw styles. BadFile: the sheet cannot be written.
    """
    if not can_sample(painter):
        raise NotSupported('"{0}" cannot draw styles; make the sheet with other weights.', painter.card.name)
    lenders, side = most_different(data, len(templates)), data.side
    cells, changes = [], []
    for n, (_, label_map) in enumerate(templates):
        small, lender = fit_square_label_map(label_map, side), lenders[n % len(lenders)]
        base = own_styles(painter, data.images[lender], data.label_maps[lender])
        for label in labels:
            if not (small == label).any():
                continue
            styles = [base, *[base | drawn_style(painter, label, seed) for seed in range(1, count + 1)]]
            painted = [repaint(painter, small, style) for style in styles]
            changes.append(measure_change(None, painted[1:], small == label).outside)
            cells.append([_marked(colourise(small, data.label_set), small == label), *painted])
    words = (
        f"{title} Each row: a label map drawn by code, painted in one picture's styles, then {count} times with a new "
        "style drawn for the region that is not dimmed. Between two of them the rest of the picture changes by "
        f"{np.mean(changes):.2f} of 255 on average. No photograph is shown."
    )
    names = ("region", "before", *(f"drawn, seed {seed}" for seed in range(1, count + 1)))
    write_image(path, _compose(cells, names, words.strip()))


def _marked(coloured: Array, region: Array) -> Array:
    """The label map with everything but the region dimmed."""
    dimmed = (coloured * 0.3 + 255 * 0.55).astype(np.uint8)
    return np.where(region[..., None], coloured, dimmed)


def most_different(data: LabelledFolder, count: int) -> list[int]:
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
        return evenly(len(data), count)
    points = means[whole][:, common].reshape(len(whole), -1)
    away = np.linalg.norm(points - points.mean(0), axis=1)
    usual = np.sort(away.argsort(kind="stable")[: max(count, len(whole) * 4 // 5)])
    whole, points, away = whole[usual], points[usual], away[usual]
    taken = [int(away.argmin())]
    while len(taken) < min(count, len(whole)):
        gaps = np.linalg.norm(points[:, None] - points[taken][None], axis=2).min(1)
        taken.append(int(gaps.argmax()))
    return [int(whole[n]) for n in taken]


def _find(data: LabelledFolder, stems: Sequence[str]) -> list[int]:
    for stem in stems:
        if stem not in data.stems:
            raise BadRequest('There is no picture "{0}" in {1}/{2}; give others.', stem, data.folder.name, data.split)
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
