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
from engine.metrics.report_pictures import Row
from engine.metrics.table import DIVERSITY, RECONSTRUCTION, SEGMENTATION, Column, best_of, kind_of, shown_columns

COLOURS = ("#3b76af", "#d07c35", "#4f9a5b", "#b04a5a", "#7b62a8", "#8a8a3a", "#3f9a9a", "#a0629a")
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


def html_report(measured: Sequence[Mapping[str, Any]], rows: Sequence[Row] = (), title: str = "") -> str:
    """The page.

    Args:
        measured: what `engine.metrics.evaluate.evaluate` returned, for one or more weights.
        rows: pictures to show, see `engine.metrics.report_pictures`.
        title: heading; made of the weights' names unless given.
    """
    names = list(dict.fromkeys(str(metrics["weights"]) for metrics in measured))
    colours = {name: COLOURS[n % len(COLOURS)] for n, name in enumerate(names)}
    heading = title or f"Evaluation of {', '.join(names)}"
    parts = [f"<h1>{escape(heading)}</h1>", _about(measured)]
    if len(names) > 1:
        parts.append(_key(colours))
    for words, columns, needs in (
        ("Reconstruction", RECONSTRUCTION, "psnr"),
        ("Drawn styles", DIVERSITY, "diversity"),
        ("Label maps", SEGMENTATION, "miou"),
    ):
        chosen = [metrics for metrics in measured if metrics.get(needs) is not None]
        if chosen:
            shown = shown_columns(chosen, columns)
            parts.append(f"<h2>{words}</h2>{_table(chosen, shown)}{_bars(chosen, shown, colours)}")
    parts.append(_by_label(measured, colours))
    parts.append(_pictures(rows))
    parts.append(_missing(measured))
    body = "\n".join(part for part in parts if part)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(heading)}</title><style>{STYLE}</style></head>\n<body>\n{body}\n"
        f'<p class="note">Made with Tessera {engine.__version__}. docs/models.md defines the numbers.</p>'
        "</body></html>\n"
    )


def _about(measured: Sequence[Mapping[str, Any]]) -> str:
    lines = []
    for metrics in measured:
        networks = ", ".join(f"{k}: {v}" for k, v in (metrics.get("networks") or {}).items() if v)
        lines.append(
            f"{metrics['weights']} ({metrics['system']}, {metrics.get('resolution', '?')} pixels) on "
            f"{metrics['data']}/{metrics['split']}, {metrics.get('pictures', '?')} pictures"
            + (f"; measured with {networks}" if networks else "")
        )
    if len({kind_of(metrics) for metrics in measured}) > 1:
        lines.append("Not all were measured on the same pictures at the same size: compare only those that were.")
    return '<p class="soft">' + "<br>".join(map(escape, lines)) + "</p>"


def _key(colours: Mapping[str, str]) -> str:
    keys = [
        f'<span class="key" style="background:{colour}"></span><span>{escape(name)}</span>'
        for name, colour in colours.items()
    ]
    return f'<p class="keys">{"".join(keys)}</p>'


def _table(measured: Sequence[Mapping[str, Any]], columns: Sequence[Column]) -> str:
    head = "".join(f"<th>{escape(column.heading())}</th>" for column in columns)
    cells = [[_shown(column, metrics) for column in columns] for metrics in measured]
    kinds = [kind_of(metrics) for metrics in measured]
    best = [best_of([row[n] for row in cells], kinds, column.more) for n, column in enumerate(columns)]
    body = []
    for number, (metrics, row) in enumerate(zip(measured, cells, strict=True)):
        marked = "".join(f"<td{' class=best' if number in best[n] else ''}>{text}</td>" for n, text in enumerate(row))
        body.append(f"<tr><td>{escape(str(metrics['weights']))} ({escape(str(metrics['system']))})</td>{marked}</tr>")
    return f'<div class="wide"><table><tr><th>weights</th>{head}</tr>{"".join(body)}</table></div>'


def _shown(column: Column, metrics: Mapping[str, Any]) -> str:
    value = column.value(metrics)
    return "–" if value is None else f"{value:.{column.decimals}f}"


# ---------------------------------------------------------------- plots


def _bars(measured: Sequence[Mapping[str, Any]], columns: Sequence[Column], colours: Mapping[str, str]) -> str:
    """A small plot per number, a bar per weights; nothing where there is nothing to compare."""
    if len(measured) < 2:
        return ""
    plots = []
    for column in columns:
        values = [(str(metrics["weights"]), column.value(metrics)) for metrics in measured]
        known = [(name, value) for name, value in values if value is not None]
        if column.more is not None and len(known) > 1:
            bars = [(name, value, f"{value:.{column.decimals}f}", colours[name]) for name, value in known]
            plots.append(f"<figure><figcaption>{escape(column.heading())}</figcaption>{bar_plot(bars)}</figure>")
    return f'<div class="plots">{"".join(plots)}</div>'


def bar_plot(
    bars: Sequence[tuple[str, float, str, str]], width: int = 300, label_width: int = 110, full: float | None = None
) -> str:
    """Horizontal bars from zero as SVG: (name, value, value as text, colour) each. `full`: value of a full width."""
    height, line = 22 * len(bars) + 6, 22
    low, high = min(0.0, *(value for _, value, _, _ in bars)), max(full or 1e-12, *(value for _, value, _, _ in bars))
    room = width - label_width - 56
    scale = room / (high - low)
    zero = label_width - low * scale
    shapes = [f'<line class="axis" x1="{zero:.1f}" y1="0" x2="{zero:.1f}" y2="{height}"/>']
    for n, (name, value, text, colour) in enumerate(bars):
        y, length = n * line + 4, abs(value) * scale
        x = zero if value >= 0 else zero - length
        end = zero + max(value, 0) * scale + 5
        cut = name if len(name) <= 16 else f"{name[:15]}…"
        shapes.append(f'<text x="{label_width - 6}" y="{y + 12}" text-anchor="end">{escape(cut)}</text>')
        shapes.append(f'<rect x="{x:.1f}" y="{y}" width="{length:.1f}" height="15" fill="{colour}"/>')
        shapes.append(f'<text x="{end:.1f}" y="{y + 12}">{escape(text)}</text>')
    titles = ", ".join(f"{name} {text}" for name, _, text, _ in bars)
    return (
        f'<svg role="img" aria-label="{escape(titles)}" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}">{"".join(shapes)}</svg>'
    )


def _by_label(measured: Sequence[Mapping[str, Any]], colours: Mapping[str, str]) -> str:
    """IoU of every label: a parser's own, or what a parser makes of the painted pictures."""
    found: dict[str, Mapping[str, float | None]] = {}
    for metrics in measured:
        ious = metrics.get("iou") or (metrics.get("reconstructions") or {}).get("iou")
        if isinstance(ious, Mapping):
            found[str(metrics["weights"])] = ious
    labels = list(dict.fromkeys(label for ious in found.values() for label in ious))
    if not labels:
        return ""
    plots = []
    for label in labels:
        values = [(ious.get(label), colours[name]) for name, ious in found.items()]
        bars = [
            (label if n == 0 else "", value or 0.0, "–" if value is None else f"{value:.2f}", colour)
            for n, (value, colour) in enumerate(values)
        ]
        if any(value is not None for value, _ in values):
            plots.append(f"<figure>{bar_plot(bars, 280, full=1.0)}</figure>")
    words = (
        "Of the label maps that a parser finds in the painted pictures, or of a parser's own. A dash: the label is in "
        "none of them."
    )
    key = _key({name: colours[name] for name in found}) if len(found) > 1 else ""
    return f'<h2>IoU per label</h2><p class="soft">{words}</p>{key}<div class="plots">{"".join(plots)}</div>'


# ---------------------------------------------------------------- pictures


def _pictures(rows: Sequence[Row]) -> str:
    if not rows:
        return ""
    shown = []
    for row in rows:
        cells = "".join(
            f'<figure><img alt="{escape(f"{row.stem}: {cell.title}")}" src="{_inline(cell.pixels)}">'
            f"<figcaption>{escape(cell.title if n else f'{cell.title} {row.stem}')}</figcaption></figure>"
            for n, cell in enumerate(row.cells)
        )
        shown.append(f'<div class="row">{cells}</div>')
    note = "Contains photographs of the data set, whose licence this page falls under."
    return f'<h2>Pictures</h2><p class="note">{note}</p>{"".join(shown)}'


def _inline(pixels: np.ndarray) -> str:
    image = Image.fromarray(pixels)
    image.thumbnail((LARGEST, LARGEST), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=88)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def _missing(measured: Sequence[Mapping[str, Any]]) -> str:
    """Each reason once, with what it keeps from being measured, and for which weights."""
    names: dict[str, dict[str, None]] = {}
    of: dict[str, dict[str, None]] = {}
    for metrics in measured:
        for name, reason in (metrics.get("missing") or {}).items():
            names.setdefault(str(reason), {})[str(name)] = None
            of.setdefault(str(reason), {})[str(metrics["weights"])] = None
    every = len({str(metrics["weights"]) for metrics in measured})
    lines = []
    for reason, found in names.items():
        whose = "" if len(of[reason]) == every else f" ({', '.join(of[reason])})"
        lines.append(f"<li>{escape('; '.join(found) + whose)}: {escape(reason)}</li>")
    return f'<h2>Not measured</h2><ul class="soft">{"".join(lines)}</ul>' if lines else ""
