"""`tessera train`: trains weights of one's own from a dataset folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from engine.cli.common import Device, JsonFlag, cancelling, progress, say, say_json
from engine.cli.words import split_settings


def train(
    data: Annotated[Path, typer.Option("--data", help="A dataset folder: images/, labels/, classes.json.")],
    recipe: Annotated[str, typer.Option("--recipe", help="Name of a recipe, or a .toml file.")],
    out: Annotated[
        Path | None, typer.Option("--out", help="The run folder; runs/RECIPE-DATE unless given.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in --out.")] = False,
    init_weights: Annotated[
        str | None, typer.Option("--init-weights", help="Start from these weights, as far as they fit.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change the recipe: steps=2000, task.ema=0.99 ..."),
    ] = None,
    device: Device = "auto",
    as_json: JsonFlag = False,
) -> None:
    """Train weights. The run folder holds config.json, stats.jsonl, samples/ and checkpoints/.

    Ctrl+C saves a checkpoint and stops; --resume goes on from it and gives the same weights as a run
    that was not interrupted.
    """
    changes = {key: _value(text) for key, text in split_settings(settings or []).items()}

    from engine.training.run import train as run

    with progress("training", quiet=as_json) as report, cancelling() as cancel:
        result = run(
            data,
            recipe,
            out=out,
            resume=resume,
            init_weights=init_weights,
            changes=changes,
            device=device,
            on_progress=report,
            cancel=cancel,
        )
    if as_json:
        say_json({"run": result.folder, "steps": result.step, "seconds": result.seconds, "best": result.best})
    else:
        say(f"{result.folder}  {result.step} steps in {result.seconds:.0f} s")


def _value(text: str) -> Any:
    """2000, 0.99, true and [1, 2] as themselves; anything else is text."""
    import json

    try:
        return json.loads(text)
    except ValueError:
        return text
