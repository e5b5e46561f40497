"""The HTML report of `tessera evaluate`: one page that needs no other file, with tables, plots and pictures.

Plots are drawn as SVG, pictures are inside the page as JPEG; there is no script and nothing is fetched. A page that
shows photographs of a data set says so.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
from PIL import Image

import engine
from engine.evaluation.table import best_of, kind_of, sections_of
from engine.systems.measuring import Column, Row

COLOURS = ("#3b76af", "#d07c35", "#4f9a5b", "#b04a5a", "#7b62a8", "#8a8a3a", "#3f9a9a", "#a0629a")
LABEL_WIDTH = 110
"""Pixels left of the bars of a plot."""
LARGEST = 256
"""Sides of the pictures in the page, at most."""

STYLE = """
:root { color-scheme: light dark; --paper: #fcfcfa; --ink: #26262a; --line: #d8d8d4; --soft: #77777c; }
@media (prefers-color-scheme: dark) { :root { --paper: #1d1d20; --ink: #e8e8e4; --line: #3c3c42; --soft: #9a9aa0; } }
body { background: var(--paper); color: var(--ink); font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto;
  max-width: 76rem; padding: 0 1.2rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
p.note, figcaption, .soft { color: var(--soft); font-size: .87rem; }
table { border-collapse: collapse; margin: .8rem 0; } .wide { overflow-x: auto; }
th, td { border-bottom: 1px solid var(--line); padding: .3rem .8rem .3rem 0; text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; } td.best { font-weight: 650; }
.plots { display: flex; flex-wrap: wrap; gap: 1.1rem 1.4rem; } .plots figure, .row figure { margin: 0; }
svg text { fill: var(--ink); font: 12px system-ui, sans-serif; } svg .axis { stroke: var(--line); }
.row { display: flex; gap: .6rem; overflow-x: auto; margin: .7rem 0; } .row figure { flex: none; }
.row img { display: block; height: 192px; } .key { display: inline-block; width: .8em; height: .8em;
  margin: 0 .35em 0 0; border-radius: 2px; } .keys span:not(.key) { margin-right: 1.2em; }
"""


def html_report(measured: Sequence[Mapping[str, Any]], picture_rows: Sequence[Row] = ()) -> str:
    """The page.

    Args:
        measured: what `engine.evaluation.evaluate.evaluate` returned, for one or more weights.
        picture_rows: pictures to show, see `engine.evaluation.evaluate.picture_rows`.
    """
    weights_names = list(dict.fromkeys(str(metrics["weights"]) for metrics in measured))
    colours = {name: COLOURS[position % len(COLOURS)] for position, name in enumerate(weights_names)}
    heading = f"Evaluation of {', '.join(weights_names)}"
    sections = [f"<h1>{escape(heading)}</h1>", _summary(measured)]
    if len(weights_names) > 1:
        sections.append(_colour_key(colours))
    for section in sections_of(measured):
        table = _numbers_table(section.measured, section.columns)
        plots = _bar_plots(section.measured, section.columns, colours)
        sections.append(f"<h2>{escape(section.title)}</h2>{table}{plots}")
    sections.append(_label_plots(measured, colours))
    sections.append(_picture_rows(picture_rows))
    sections.append(_missing_numbers(measured))
    body = "\n".join(section for section in sections if section)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(heading)}</title><style>{STYLE}</style></head>\n<body>\n{body}\n"
        f'<p class="note">Made with Tessera {engine.__version__}. docs/models.md defines the numbers.</p>'
        "</body></html>\n"
    )


def _summary(measured: Sequence[Mapping[str, Any]]) -> str:
    sentences = []
    for metrics in measured:
        networks = ", ".join(
            f"{purpose}: {network}" for purpose, network in (metrics.get("networks") or {}).items() if network
        )
        side = f", {metrics['resolution']} pixels" if "resolution" in metrics else ""
        pictures = f", {metrics['pictures']} pictures" if "pictures" in metrics else ""
        sentences.append(
            f"{metrics['weights']} ({metrics['system']}{side}) on {metrics['data']}/{metrics['split']}{pictures}"
            + (f"; measured with {networks}" if networks else "")
        )
    if len({kind_of(metrics) for metrics in measured}) > 1:
        sentences.append("Not all were measured on the same pictures at the same size: compare only those that were.")
    return '<p class="soft">' + "<br>".join(map(escape, sentences)) + "</p>"


def _colour_key(colours: Mapping[str, str]) -> str:
    key_entries = [
        f'<span class="key" style="background:{colour}"></span><span>{escape(weights_name)}</span>'
        for weights_name, colour in colours.items()
    ]
    return f'<p class="keys">{"".join(key_entries)}</p>'


def _numbers_table(measured: Sequence[Mapping[str, Any]], columns: Sequence[Column]) -> str:
    headings = "".join(f"<th>{escape(column.heading())}</th>" for column in columns)
    cells = [[_cell_text(column, metrics) for column in columns] for metrics in measured]
    kinds = [kind_of(metrics) for metrics in measured]
    best_rows = [
        best_of([row[column_index] for row in cells], kinds, column.more) for column_index, column in enumerate(columns)
    ]
    table_rows = []
    for row_index, (metrics, row) in enumerate(zip(measured, cells, strict=True)):
        marked_cells = "".join(
            f"<td{' class=best' if row_index in best_rows[column_index] else ''}>{text}</td>"
            for column_index, text in enumerate(row)
        )
        table_rows.append(
            f"<tr><td>{escape(str(metrics['weights']))} ({escape(str(metrics['system']))})</td>{marked_cells}</tr>"
        )
    return f'<div class="wide"><table><tr><th>weights</th>{headings}</tr>{"".join(table_rows)}</table></div>'


def _cell_text(column: Column, metrics: Mapping[str, Any]) -> str:
    value = column.value(metrics)
    return "–" if value is None else f"{value:.{column.decimals}f}"


# ---------------------------------------------------------------- plots


def _bar_plots(measured: Sequence[Mapping[str, Any]], columns: Sequence[Column], colours: Mapping[str, str]) -> str:
    """A small plot per number, a bar per weights; nothing where there is nothing to compare."""
    if len(measured) < 2:
        return ""
    plots = []
    for column in columns:
        values = [(str(metrics["weights"]), column.value(metrics)) for metrics in measured]
        known_values = [(name, value) for name, value in values if value is not None]
        if column.more is not None and len(known_values) > 1:
            bars = [(name, value, f"{value:.{column.decimals}f}", colours[name]) for name, value in known_values]
            plots.append(f"<figure><figcaption>{escape(column.heading())}</figcaption>{bar_plot(bars)}</figure>")
    return f'<div class="plots">{"".join(plots)}</div>'


def bar_plot(
    bars: Sequence[tuple[str, float, str, str]], plot_width: int = 300, full_value: float | None = None
) -> str:
    """Horizontal bars from zero as SVG: (name, value, value as text, colour) each. `full_value` fills the width."""
    plot_height, line_height = 22 * len(bars) + 6, 22
    lowest = min(0.0, *(value for _, value, _, _ in bars))
    highest = max(full_value or 1e-12, *(value for _, value, _, _ in bars))
    bar_room = plot_width - LABEL_WIDTH - 56
    scale = bar_room / (highest - lowest)
    zero_x = LABEL_WIDTH - lowest * scale
    shapes = [f'<line class="axis" x1="{zero_x:.1f}" y1="0" x2="{zero_x:.1f}" y2="{plot_height}"/>']
    for bar_index, (name, value, text, colour) in enumerate(bars):
        bar_top, bar_length = bar_index * line_height + 4, abs(value) * scale
        bar_left = zero_x if value >= 0 else zero_x - bar_length
        text_left = zero_x + max(value, 0) * scale + 5
        short_name = name if len(name) <= 16 else f"{name[:15]}…"
        shapes.append(f'<text x="{LABEL_WIDTH - 6}" y="{bar_top + 12}" text-anchor="end">{escape(short_name)}</text>')
        shapes.append(f'<rect x="{bar_left:.1f}" y="{bar_top}" width="{bar_length:.1f}" height="15" fill="{colour}"/>')
        shapes.append(f'<text x="{text_left:.1f}" y="{bar_top + 12}">{escape(text)}</text>')
    description = ", ".join(f"{name} {text}" for name, _, text, _ in bars)
    return (
        f'<svg role="img" aria-label="{escape(description)}" width="{plot_width}" height="{plot_height}" '
        f'viewBox="0 0 {plot_width} {plot_height}">{"".join(shapes)}</svg>'
    )


def _label_plots(measured: Sequence[Mapping[str, Any]], colours: Mapping[str, str]) -> str:
    """IoU of every label: a parser's own, or what a parser makes of the painted pictures."""
    ious_by_weights: dict[str, Mapping[str, float | None]] = {}
    for metrics in measured:
        ious = metrics.get("iou") or (metrics.get("reconstructions") or {}).get("iou")
        if isinstance(ious, Mapping):
            ious_by_weights[str(metrics["weights"])] = ious
    labels = list(dict.fromkeys(label for ious in ious_by_weights.values() for label in ious))
    if not labels:
        return ""
    plots = []
    for label in labels:
        values = [(ious.get(label), colours[name]) for name, ious in ious_by_weights.items()]
        bars = [
            (label if bar_index == 0 else "", value or 0.0, "–" if value is None else f"{value:.2f}", colour)
            for bar_index, (value, colour) in enumerate(values)
        ]
        if any(value is not None for value, _ in values):
            plots.append(f"<figure>{bar_plot(bars, 280, full_value=1.0)}</figure>")
    explanation = (
        "Of the label maps that a parser finds in the painted pictures, or of a parser's own. A dash: the label is in "
        "none of them."
    )
    colour_key = _colour_key({name: colours[name] for name in ious_by_weights}) if len(ious_by_weights) > 1 else ""
    return (
        f'<h2>IoU per label</h2><p class="soft">{explanation}</p>{colour_key}<div class="plots">{"".join(plots)}</div>'
    )


# ---------------------------------------------------------------- pictures


def _picture_rows(picture_rows: Sequence[Row]) -> str:
    if not picture_rows:
        return ""
    row_elements = []
    for row in picture_rows:
        figures = "".join(
            f'<figure><img alt="{escape(f"{row.title}: {cell.title}")}" src="{_data_url(cell.pixels)}">'
            f"<figcaption>{escape(cell.title if cell_index else f'{cell.title} {row.title}')}</figcaption></figure>"
            for cell_index, cell in enumerate((*row.data, *row.results))
        )
        row_elements.append(f'<div class="row">{figures}</div>')
    licence_note = ""
    if any(row.data for row in picture_rows):
        sentence = "Contains photographs of the data set, whose licence this page falls under."
        licence_note = f'<p class="note">{sentence}</p>'
    return f'<h2>Pictures</h2>{licence_note}{"".join(row_elements)}'


def _data_url(pixels: np.ndarray) -> str:
    thumbnail = Image.fromarray(pixels)
    thumbnail.thumbnail((LARGEST, LARGEST), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    thumbnail.save(buffer, "JPEG", quality=88)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def _missing_numbers(measured: Sequence[Mapping[str, Any]]) -> str:
    """Each reason once, with what it keeps from being measured, and for which weights."""
    numbers_by_reason: dict[str, dict[str, None]] = {}
    weights_by_reason: dict[str, dict[str, None]] = {}
    for metrics in measured:
        for number_name, reason in (metrics.get("missing") or {}).items():
            numbers_by_reason.setdefault(str(reason), {})[str(number_name)] = None
            weights_by_reason.setdefault(str(reason), {})[str(metrics["weights"])] = None
    weights_count = len({str(metrics["weights"]) for metrics in measured})
    list_items = []
    for reason, numbers in numbers_by_reason.items():
        weights_note = (
            "" if len(weights_by_reason[reason]) == weights_count else f" ({', '.join(weights_by_reason[reason])})"
        )
        list_items.append(f"<li>{escape('; '.join(numbers) + weights_note)}: {escape(reason)}</li>")
    return f'<h2>Not measured</h2><ul class="soft">{"".join(list_items)}</ul>' if list_items else ""
