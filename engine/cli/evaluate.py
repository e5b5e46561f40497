"""`tessera evaluate`: the metrics of weights on a split of a dataset folder, and several weights side by side."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.cli.common import Device, cancelling, check_target, progress, say, say_json
from engine.errors import BadFile, BadRequest


def evaluate(
    weights: Annotated[
        list[str] | None, typer.Option("--weights", help="Name or folder of the weights; give it again to compare.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option("--data", help="A dataset folder: images/, labels/, classes.json.")
    ] = None,
    split: Annotated[
        str | None, typer.Option("--split", help="A split of its splits.json; test unless given, or val.")
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", help="Measure so many pictures only, evenly spread.")] = None,
    diversity: Annotated[
        bool, typer.Option("--diversity/--no-diversity", help="Measure what drawn styles change (mCSD, mOCD).")
    ] = True,
    edits: Annotated[
        bool,
        typer.Option("--edits", help="Measure restyled photographs instead, beside the plain colour transfer."),
    ] = False,
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
    """Measure weights: reconstruction, Frechet distance, segmentation and diversity, or a parser's label maps.

    More than one --weights gives tables in Markdown. A folder without splits.json is measured whole.
    """
    from engine.metrics.table import rows, tables

    if table:
        say(tables([metrics for metrics_file in table for metrics in _read_metrics(metrics_file)]).rstrip())
        return
    if not weights or data is None:
        raise BadRequest("There is nothing to measure; give --weights and --data, or --table with kept metrics.")
    to_stdout = json_file is not None and str(json_file) == "-"
    if json_file is not None and not to_stdout:
        check_target(json_file, (".json",))
    if html is not None:
        check_target(html, (".html", ".htm"))

    from engine.data.layout import measured_split
    from engine.files import write_text
    from engine.metrics.evaluate import evaluate as measure

    if edits:
        _evaluate_edits(weights, data, split or measured_split(data), limit, device, json_file)
        return
    chosen_split, all_metrics = split or measured_split(data), []
    with cancelling() as cancel:
        for weights_name in weights:
            with progress(f"evaluating {weights_name}", quiet=to_stdout) as on_progress:
                measure_options: dict[str, Any] = {"device": device, "limit": limit, "diversity": diversity}
                all_metrics.append(
                    measure(weights_name, data, chosen_split, **measure_options, on_progress=on_progress, cancel=cancel)
                )
        if html is not None:
            from engine.metrics.report import html_report
            from engine.metrics.report_pictures import picture_rows

            with progress("pictures", quiet=to_stdout) as on_progress:
                shown_pictures = picture_rows(
                    weights, data, chosen_split, device=device, on_progress=on_progress, cancel=cancel
                )
            write_text(html, html_report(all_metrics, shown_pictures))
    answer = all_metrics[0] if len(all_metrics) == 1 else all_metrics
    if to_stdout:
        say_json(answer)
        return
    if len(all_metrics) == 1:
        for metric_title, metric_value in rows(all_metrics[0]):
            say(f"{metric_title:<42} {metric_value}")
    else:
        say(tables(all_metrics).rstrip())
    if json_file is not None:
        write_text(json_file, json.dumps(answer, ensure_ascii=False, indent=2, default=str) + "\n")


def _evaluate_edits(
    weights: list[str], data: Path, split: str, limit: int | None, device: str, json_file: Path | None
) -> None:
    """Print the table of restyled photographs, weights after weights."""
    from engine.files import write_text
    from engine.metrics.edit_cases import evaluate_edits
    from engine.metrics.edits import as_table

    to_stdout = json_file is not None and str(json_file) == "-"
    answer: dict[str, Any] = {}
    with cancelling() as cancel:
        for name in weights:
            with progress(f"restyling with {name}", quiet=to_stdout) as report:
                options: dict[str, Any] = {"device": device, "limit": limit}
                rows = evaluate_edits(name, data, split, **options, on_progress=report, cancel=cancel)
            answer[name] = [row.to_dict() for row in rows]
            if not to_stdout:
                say(as_table(rows).rstrip())
    if to_stdout:
        say_json(answer)
    elif json_file is not None:
        write_text(json_file, json.dumps(answer, ensure_ascii=False, indent=2) + "\n")


def _read_metrics(metrics_file: Path) -> list[dict[str, Any]]:
    """The metrics in a file that --json wrote, of one or more weights. Raises BadFile."""
    from engine.files import read_bytes

    try:
        parsed = json.loads(read_bytes(metrics_file))
    except ValueError as error:
        raise BadFile('"{0}" is not JSON; give a file that --json wrote.', metrics_file, details=str(error)) from error
    all_metrics = parsed if isinstance(parsed, list) else [parsed]
    if not all(
        isinstance(metrics, dict) and {"weights", "system", "data", "split"} <= set(metrics) for metrics in all_metrics
    ):
        raise BadFile('"{0}" holds no metrics; give a file that tessera evaluate --json wrote.', metrics_file)
    return all_metrics
