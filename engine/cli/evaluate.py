"""`tessera evaluate`: the metrics of weights on a split of a dataset folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from engine.cli.common import Device, cancelling, check_target, progress, say, say_json


def evaluate(
    weights: Annotated[str, typer.Option("--weights", help="Name or folder of the weights.")],
    data: Annotated[Path, typer.Option("--data", help="A dataset folder: images/, labels/, classes.json.")],
    split: Annotated[
        str | None, typer.Option("--split", help="A split of its splits.json; test unless given, or val.")
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the metrics there too; - is stdout.")
    ] = None,
    device: Device = "auto",
) -> None:
    """Measure weights: reconstruction, Frechet distance and segmentation for SEAN, segmentation for a parser.

    A folder without splits.json is one split, whatever it is called.
    """
    to_stdout = json_file is not None and str(json_file) == "-"
    if json_file is not None and not to_stdout:
        check_target(json_file, (".json",))

    from engine.data.folder import measured_split
    from engine.files import write_text
    from engine.metrics.evaluate import evaluate as measure
    from engine.metrics.evaluate import rows

    with progress("evaluating", quiet=to_stdout) as report, cancelling() as cancel:
        chosen = split or measured_split(data)
        metrics = measure(weights, data, chosen, device=device, on_progress=report, cancel=cancel)
    if to_stdout:
        say_json(metrics)
        return
    for name, value in rows(metrics):
        say(f"{name:<42} {value}")
    if json_file is not None:
        write_text(json_file, json.dumps(metrics, ensure_ascii=False, indent=2, default=str) + "\n")
