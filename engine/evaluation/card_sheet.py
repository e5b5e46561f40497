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
from engine.painting.painter import Array, Painter
from engine.pictures.images import fit_square_label_map, write_image
from engine.requests.styles import Style
from engine.systems.repainting import all_drawn, can_sample, drawn_style, has_styles, own_styles, repaint

PAPER, INK = (250, 250, 248), (40, 40, 44)
GAP = 4


# ---------------------------------------------------------------- with photographs: for run folders only


def reconstruction_sheet(painter: Painter, data: LabelledFolder, path: Path, row_count: int = 8) -> None:
    """Write a PNG with one row per picture: real, reconstruction and, where there are styles, swapped and drawn ones.

    Swapped: the own label map with the styles of the next row's picture; labels that are not in that one take the
    mean style. The sheet holds data-set pictures: keep it in a run folder, never commit it.

    Args:
        painter: the weights.
        data: a split, read at the network's resolution; rows are spread evenly over it.
        path: where the PNG goes.
        row_count: pictures shown, at most those of the split.

    Raises:
        BadFile: the sheet cannot be written.
    """
    chosen_indices = evenly(len(data), row_count)
    styles = [
        own_styles(painter, data.images[picture_index], data.label_maps[picture_index])
        for picture_index in chosen_indices
    ]
    column_names, cells = ["real", "reconstruction"], []
    if has_styles(painter):
        column_names.append("styles of the next row's picture")
    if can_sample(painter):
        column_names.append("drawn styles")
    for row, picture_index in enumerate(chosen_indices):
        label_map = data.label_maps[picture_index]
        cells.append([data.images[picture_index], repaint(painter, label_map, styles[row])])
        if has_styles(painter):
            cells[-1].append(repaint(painter, label_map, styles[(row + 1) % len(chosen_indices)]))
        if can_sample(painter):
            cells[-1].append(repaint(painter, label_map, all_drawn(painter, label_map, row)))
    note = "Contains pictures of the data set: not for publication."
    write_image(path, _compose_sheet(cells, column_names, f"{data.folder.name}/{data.split}. {note}"))


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
    lender_indices = most_different(data, styles) if isinstance(styles, int) else _picture_indices(data, styles)
    side = data.side
    blank_cell = np.full((side, side, 3), PAPER, np.uint8)
    lender_styles = [
        own_styles(painter, data.images[picture_index], data.label_maps[picture_index])
        for picture_index in lender_indices
    ]
    reconstructions = [
        repaint(painter, data.label_maps[picture_index], style)
        for picture_index, style in zip(lender_indices, lender_styles, strict=True)
    ]
    cells = [[blank_cell, blank_cell, *reconstructions]]
    painted_styles: list[dict[int, Style]] = [{}, *lender_styles] if has_styles(painter) else [{}]
    for _, label_map in templates:
        template_map = fit_square_label_map(label_map, side)
        painted = [repaint(painter, template_map, style) for style in painted_styles]
        cells.append(
            [
                colourise(template_map, data.label_set),
                *painted,
                *[blank_cell] * (len(lender_indices) + 1 - len(painted)),
            ]
        )
    lender_columns = [
        f"styles of picture {picture_index}" if has_styles(painter) else f"picture {picture_index}"
        for picture_index in range(1, len(lender_indices) + 1)
    ]
    column_names = ("label map", "mean style", *lender_columns)
    explanation = (
        f"{title} Top: reconstructions of {len(lender_indices)} {data.split} pictures. Below: label maps drawn by "
        "code, painted in the mean style and in those pictures' styles. No photograph is shown."
    )
    write_image(path, _compose_sheet(cells, column_names, explanation.strip()))


VARIATIONS = 6
"""In a row of `variation_sheet`."""


def variation_sheet(
    painter: Painter,
    data: LabelledFolder,
    templates: Sequence[tuple[str, Array]],
    path: Path,
    *,
    labels: Sequence[int],
    title: str = "",
) -> None:
    """Write a PNG of variations in which only one region gets new styles; no data-set picture is in it.

    A row per template and label: the label map, painted in the styles of a picture of the split, then `VARIATIONS`
    times with that label's style drawn. The row's name says how much the picture changed outside the region.

    Args:
        painter: the weights.
        data: the split that styles are read from, at the network's resolution.
        templates: (name, label map) of Tessera's own templates.
        path: where the PNG goes.
        labels: whose styles are drawn; a template without such a region has no row for it.
        title: first words of the strip on top.

    Raises:
        NotSupported: the weights cannot draw styles. BadFile: the sheet cannot be written.
    """
    if not can_sample(painter):
        raise NotSupported('"{0}" cannot draw styles; make the sheet with other weights.', painter.card.name)
    lenders, cell_side = most_different(data, len(templates)), data.side
    seeds = range(1, VARIATIONS + 1)
    cell_rows, changes = [], []
    for template_index, (_, label_map) in enumerate(templates):
        template_map, lender = fit_square_label_map(label_map, cell_side), lenders[template_index % len(lenders)]
        lender_styles = own_styles(painter, data.images[lender], data.label_maps[lender])
        for label in labels:
            if not (template_map == label).any():
                continue
            styles = [
                lender_styles,
                *[lender_styles | drawn_style(painter, label, seed) for seed in seeds],
            ]
            painted = [repaint(painter, template_map, style) for style in styles]
            changes.append(measure_change(None, painted[1:], template_map == label).outside)
            cell_rows.append([_dim_outside(colourise(template_map, data.label_set), template_map == label), *painted])
    explanation = (
        f"{title} Each row: a label map drawn by code, painted in one picture's styles, then {VARIATIONS} times with a "
        "new style drawn for the region that is not dimmed. Between two of them the rest of the picture changes by "
        f"{np.mean(changes):.2f} of 255 on average. No photograph is shown."
    )
    column_names = ("region", "before", *(f"drawn, seed {seed}" for seed in seeds))
    write_image(path, _compose_sheet(cell_rows, column_names, explanation.strip()))


def _dim_outside(coloured: Array, region: Array) -> Array:
    """The label map with everything but the region dimmed."""
    dimmed = (coloured * 0.3 + 255 * 0.55).astype(np.uint8)
    return np.where(region[..., None], coloured, dimmed)


def most_different(data: LabelledFolder, chosen_count: int) -> list[int]:
    """Indices of `chosen_count` pictures whose regions' mean colours lie far apart; of two equal ones, the first.

    Only pictures count that show every label which half of the split or more shows, so that they lend full styles,
    and of those not the fifth that is farthest from the average (overexposed, masked, coloured light). Starts with
    the picture nearest to the average, then takes the one farthest from all taken.
    """
    label_count = len(data.label_set)
    mean_colours = np.full((len(data), label_count, 3), np.nan)
    for picture_index, (picture, label_map) in enumerate(zip(data.images, data.label_maps, strict=True)):
        pixel_counts = np.bincount(label_map.ravel(), minlength=256)[:label_count]
        for channel in range(3):
            colour_sums = np.bincount(label_map.ravel(), picture[..., channel].ravel(), minlength=256)[:label_count]
            mean_colours[picture_index, :, channel] = np.where(
                pixel_counts > 0, colour_sums / np.maximum(pixel_counts, 1), np.nan
            )
    label_shown = ~np.isnan(mean_colours[..., 0])
    common_labels = label_shown.mean(0) >= 0.5
    usable_indices = np.flatnonzero(label_shown[:, common_labels].all(1))
    if not len(usable_indices):
        return evenly(len(data), chosen_count)
    colour_points = mean_colours[usable_indices][:, common_labels].reshape(len(usable_indices), -1)
    average_distances = np.linalg.norm(colour_points - colour_points.mean(0), axis=1)
    usual_positions = np.sort(
        average_distances.argsort(kind="stable")[: max(chosen_count, len(usable_indices) * 4 // 5)]
    )
    usable_indices, colour_points, average_distances = (
        usable_indices[usual_positions],
        colour_points[usual_positions],
        average_distances[usual_positions],
    )
    taken_positions = [int(average_distances.argmin())]
    while len(taken_positions) < min(chosen_count, len(usable_indices)):
        nearest_distances = np.linalg.norm(colour_points[:, None] - colour_points[taken_positions][None], axis=2).min(1)
        taken_positions.append(int(nearest_distances.argmax()))
    return [int(usable_indices[picture_index]) for picture_index in taken_positions]


def _picture_indices(data: LabelledFolder, stems: Sequence[str]) -> list[int]:
    for stem in stems:
        if stem not in data.stems:
            raise BadRequest('There is no picture "{0}" in {1}/{2}; give others.', stem, data.folder.name, data.split)
    return [data.stems.index(stem) for stem in stems]


# ---------------------------------------------------------------- layout


def _compose_sheet(cells: Sequence[Sequence[Array]], column_names: Sequence[str], explanation: str) -> Array:
    """Rows of equal square cells under a strip with words and the columns' names: (H, W, 3) uint8."""
    cell_side = cells[0][0].shape[0]
    cell_step = cell_side + GAP
    sheet_width = cell_step * len(column_names) + GAP
    font_size = max(11, cell_side // 14)
    font = ImageFont.load_default(font_size)
    line_height = round(font_size * 1.35)
    heading_lines = textwrap.wrap(explanation, max(20, round(sheet_width / (font_size * 0.52))))
    column_lines = [
        textwrap.wrap(column_name, max(8, round(cell_side / (font_size * 0.56)))) for column_name in column_names
    ]
    text_height = line_height * (len(heading_lines) + max(map(len, column_lines))) + 3 * GAP
    sheet = Image.new("RGB", (sheet_width, text_height + cell_step * len(cells)), PAPER)
    pen = ImageDraw.Draw(sheet)
    for line_index, line_text in enumerate(heading_lines):
        pen.text((GAP, GAP + line_index * line_height), line_text, INK, font)
    for line_index, name_lines in enumerate(column_lines):
        for column_line_index, line_text in enumerate(name_lines):
            pen.text(
                (GAP + line_index * cell_step, 2 * GAP + (len(heading_lines) + column_line_index) * line_height),
                line_text,
                INK,
                font,
            )
    for row_index, row_cells in enumerate(cells):
        for column_index, cell in enumerate(row_cells):
            sheet.paste(
                Image.fromarray(np.ascontiguousarray(cell)),
                (GAP + column_index * cell_step, text_height + row_index * cell_step),
            )
    return np.array(sheet)
