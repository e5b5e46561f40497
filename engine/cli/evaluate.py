"""`tessera evaluate`: the metrics of weights on a split of a dataset folder, and several weights side by side."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.cli.common import Device, cancelling, check_json_file, check_target, progress, say, say_json
from engine.errors import BadFile, BadRequest
from engine.files import read_bytes, write_text
from engine.plain_data import BadText, parse_json
from engine.program import program

NO_WEIGHTS = "no weights"
"""Stands for the weights of edits that are measured without any."""


def evaluate(
    weights: Annotated[
        list[str] | None, typer.Option("--weights", help="Name or folder of the weights; give it again to compare.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option("--data", help="A folder of the data that their system trains on.")
    ] = None,
    split: Annotated[
        str | None, typer.Option("--split", help="A split of its splits.json; test unless given, or val.")
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", help="Measure so many pictures only, evenly spread.")] = None,
    diversity: Annotated[
        bool, typer.Option("--diversity/--no-diversity", help="Measure what drawn styles change (mCSD, mOCD).")
    ] = True,
    edits: Annotated[
        bool, typer.Option("--edits", help="Measure restyled photographs instead, beside the plain colour transfer.")
    ] = False,
    keep: Annotated[
        Path | None,
        typer.Option(
            "--keep", metavar="FOLDER",
            help="Keep what is measured of each photo in this folder; the same command goes on from it.",
        ),
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the metrics there too; - is stdout.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write a page with tables, plots and pictures there.")
    ] = None,
    table: Annotated[
        list[Path] | None,
        typer.Option("--table", metavar="FILE", help="Put metrics kept with --json into a table; measures nothing."),
    ] = None,
    device: Device = "auto",
) -> None:
    """Measure weights: reconstruction, Frechet distance, segmentation and diversity, a parser's label maps, or what
    else their system measures.

    More than one --weights gives tables in Markdown. A folder without splits.json is measured whole. --edits without
    --weights measures what needs none.
    """
    if table:
        _say_tables(table)
        return
    if data is None or not (weights or edits):
        raise BadRequest("There is nothing to measure; give --weights and --data, or --table with kept metrics.")
    if keep is not None and (not edits or len(weights or ()) > 1):
        raise BadRequest("--keep keeps what --edits measures by one --weights; leave it out.")
    to_stdout = check_json_file(json_file, (weights or [NO_WEIGHTS]) if edits else METRICS_KEYS)
    if html is not None:
        check_target(html, (".html", ".htm"))

    measuring = _Measuring(weights or [None], data, split, limit, device, quiet=to_stdout)
    with cancelling() as cancel:
        answer = _measure_edits(measuring, cancel, keep) if edits else _measure(measuring, cancel, diversity, html)
    if to_stdout:
        say_json(answer)
    elif json_file is not None:
        write_text(json_file, json.dumps(answer, ensure_ascii=False, indent=2, default=str) + "\n")


def _say_tables(metrics_files: list[Path]) -> None:
    from engine.evaluation.table import tables

    say(tables([metrics for metrics_file in metrics_files for metrics in _read_metrics(metrics_file)]).rstrip())


@dataclass(frozen=True)
class _Measuring:
    """What is measured, and on what. quiet: stdout is for JSON alone. A name is None where no weights are needed."""

    weights_names: Sequence[str | None]
    data: Path
    split: str | None
    limit: int | None
    device: str
    quiet: bool

    def each(self, activity: str, measure: Callable[..., Any], cancel: threading.Event) -> Iterator[tuple[str, Any]]:
        """The weights one after another, with what `measure` finds; `activity` stands before the progress bar."""
        for weights_name in self.weights_names:
            with progress(f"{activity} {weights_name or NO_WEIGHTS}", quiet=self.quiet) as on_progress:
                figures = measure(
                    weights_name,
                    self.data,
                    self.split,
                    device=self.device,
                    limit=self.limit,
                    on_progress=on_progress,
                    cancel=cancel,
                )
            yield weights_name or NO_WEIGHTS, figures


def _measure(measuring: _Measuring, cancel: threading.Event, diversity: bool, html: Path | None) -> Any:
    """The metrics of the weights, printed, and as a page where one is asked for; for JSON: one dict, or a list."""
    from engine.evaluation.evaluate import evaluate as measure
    from engine.evaluation.table import rows, tables

    measured = measuring.each("evaluating", partial(measure, diversity=diversity), cancel)
    all_metrics: list[dict[str, Any]] = [metrics for _, metrics in measured]
    if html is not None:
        _write_page(html, all_metrics, measuring, cancel)
    if len(all_metrics) > 1:
        if not measuring.quiet:
            say(tables(all_metrics).rstrip())
        return all_metrics
    if not measuring.quiet:
        for metric_title, metric_value in rows(all_metrics[0]):
            say(f"{metric_title:<42} {metric_value}")
    return all_metrics[0]


def _write_page(
    html: Path, all_metrics: list[dict[str, Any]], measuring: _Measuring, cancel: threading.Event
) -> None:
    from engine.evaluation.evaluate import picture_rows
    from engine.evaluation.report import html_report

    with progress("pictures", quiet=measuring.quiet) as on_progress:
        shown_pictures = picture_rows(
            [name for name in measuring.weights_names if name is not None],
            measuring.data,
            measuring.split,
            device=measuring.device,
            on_progress=on_progress,
            cancel=cancel,
        )
    write_text(html, html_report(all_metrics, shown_pictures))


def _measure_edits(measuring: _Measuring, cancel: threading.Event, keep: Path | None) -> dict[str, Any]:
    """The tables of restyled photographs by weights, printed one after another."""
    from engine.evaluation.edits import evaluate_edits
    from engine.metrics.edits import as_table

    answer: dict[str, Any] = {}
    measured = measuring.each("restyling with", partial(evaluate_edits, keep=keep), cancel)
    for weights_name, edit_rows in measured:
        answer[weights_name] = [row.to_dict() for row in edit_rows]
        if not measuring.quiet:
            say(as_table(edit_rows).rstrip())
    return answer


METRICS_KEYS = {"weights", "system", "data", "split"}


def _read_metrics(metrics_file: Path) -> list[dict[str, Any]]:
    """The metrics in a file that --json wrote, of one or more weights. Raises BadFile."""
    try:
        parsed = parse_json(read_bytes(metrics_file))
    except BadText as error:
        raise BadFile('"{0}" is not JSON; give a file that --json wrote.', metrics_file, details=str(error)) from error
    all_metrics = parsed if isinstance(parsed, list) else [parsed]
    if not all(
        isinstance(metrics, dict) and METRICS_KEYS <= set(metrics) for metrics in all_metrics
    ):
        raise BadFile(
            '"{0}" holds no metrics; give a file that {1} evaluate --json wrote.', metrics_file, program()
        )
    return all_metrics
