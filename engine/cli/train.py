"""`tessera train`: trains weights on a dataset folder."""

from __future__ import annotations

import math
from contextlib import ExitStack
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.cli.common import Device, JsonFlag, announce, progress, say, say_json, stopping, tell
from engine.cli.words import split_settings
from engine.errors import BadRequest
from engine.files import check_name
from engine.metrics.names import number_name, shown_numbers
from engine.plain_data import parse_json
from engine.progress import Progress

if TYPE_CHECKING:
    from engine.training.loop import Callback, Loop
    from engine.training.recipe import Recipe
    from engine.training.run.tensorboard import BoardWriter


def train(
    data: Annotated[Path, typer.Option("--data", help="A dataset folder: images/, labels/, classes.json.")],
    recipe: Annotated[str, typer.Option("--recipe", help="Name of a recipe, or a .toml file.")],
    out: Annotated[Path | None, typer.Option("--out", help="The run folder; runs/RECIPE-DATE unless given.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in --out.")] = False,
    init_weights: Annotated[
        str | None, typer.Option("--init-weights", help="Start from these weights, as far as they fit.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change the recipe: steps=2000, task.ema=0.99 ..."),
    ] = None,
    device: Device = "auto",
    devices: Annotated[
        int, typer.Option("--devices", min=1, help="Processes on this host that share each step, one per GPU.")
    ] = 1,
    hosts: Annotated[int, typer.Option("--hosts", min=1, help="Hosts, each started with torchrun.")] = 1,
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help="Write the curves and sheets for TensorBoard too.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Train weights. The run folder holds config.json, stats.jsonl, samples/ and checkpoints/.

    Ctrl+C saves a checkpoint and stops; --resume goes on from it and gives the same weights as a run
    that was not interrupted. Several GPUs: --devices N; several hosts: torchrun --nnodes M --nproc-per-node N ...
    -m engine train ... --devices N --hosts M, with the run folder on a disk that all of them see.
    """
    if resume and out is None:
        raise BadRequest("--resume needs --out, the folder of the run to go on with.")
    recipe_changes = {key: _parsed_setting(text) for key, text in split_settings(settings or []).items()}

    from engine.training.control import Control

    run_folder = _run_folder(out, recipe)
    with progress("starting", quiet=as_json, lines=False) as bar, stopping(Control()) as control, ExitStack() as stack:
        chosen_recipe = _recipe_for(data, recipe, recipe_changes)
        from engine.devices import resolve  # from here on with torch, which takes seconds
        from engine.training.start import prepare
        callbacks: list[Callback] = [partial(_on_event, bar, chosen_recipe.steps)]
        if tensorboard:
            callbacks.append(stack.enter_context(_board_writer(run_folder)))
        loop = prepare(
            chosen_recipe,
            data,
            run_folder,
            resume=resume,
            start_weights=None if init_weights is None else _tensors_of(init_weights),
            device=str(resolve(device)),
            devices=devices,
            hosts=hosts,
            callbacks=callbacks,
            control=control,
            on_progress=bar,
        )
        if loop.fabric.is_global_zero:
            announce(_first_words(loop))
        loop.run()
    if loop.fabric.is_global_zero:
        _tell_outcome(loop, run_folder, as_json)


def _run_folder(out: Path | None, recipe: str) -> Path:
    """The folder that was asked for, or one named by the recipe and the time. Raises BadFile: none can have the name.
    """
    run_folder = out or Path("runs") / f"{Path(recipe).stem}-{datetime.now():%Y%m%d-%H%M%S}"
    check_name(run_folder)
    return run_folder


def _recipe_for(data: Path, recipe: str, recipe_changes: dict[str, Any]) -> Recipe:
    """The recipe with its changes. Raises what `load_recipe` does, BadFile: the data are of another kind."""
    from engine.data.kinds import check_kind
    from engine.systems import system
    from engine.systems.base import load_part
    from engine.training.recipe import load_recipe

    chosen_recipe = load_recipe(recipe, recipe_changes)
    check_kind(data, load_part(system(chosen_recipe.system).data))
    return chosen_recipe


def _board_writer(run_folder: Path) -> BoardWriter:
    from engine.training.run.tensorboard import BoardWriter

    return BoardWriter(run_folder)


def _tell_outcome(loop: Loop, run_folder: Path, as_json: bool) -> None:
    if as_json:
        say_json({"run": run_folder, "steps": loop.step, "seconds": loop.seconds, "best": _finite_or_none(loop.best)})
    else:
        say(f"{run_folder}  {loop.step} steps in {loop.seconds:.0f} s")


def _first_words(loop: Loop) -> str:
    """What is about to happen, and where it shows: a first step can take a minute."""
    validation_clause = f", {len(loop.validation)} for validation" if loop.validation is not None else ""
    return (
        f"training on {len(loop.train)} examples{validation_clause}, steps {loop.step + 1} to {loop.recipe.steps}; "
        f'"{loop.folder}" gets a line of stats.jsonl every {loop.recipe.log_every} steps'
    )


PHASES = {"sampling": "painting samples", "validating": "validating", "saving": "saving a checkpoint"}
"""What the bar says between reports of steps, by the loop's phase."""


def _on_event(on_progress: Progress, total_steps: int, event: str, facts: dict[str, Any]) -> None:
    """Show what the loop reports."""
    if event == "note":
        tell([facts["text"]])
    elif event == "step":
        time_left = str(timedelta(seconds=round(facts["seconds_left"])))
        rate = facts["images_per_second"]
        on_progress(
            facts["step"] / total_steps, f"step {facts['step']} of {total_steps}, {rate} pictures/s, {time_left} left"
        )
    elif event == "phase":
        on_progress(facts["step"] / total_steps, PHASES.get(facts["phase"], f"step {facts['step']} of {total_steps}"))
    elif event == "validation":
        shown = shown_numbers(facts["numbers"])
        measured = ", ".join(f"{number_name(key)} {number}" for key, number in shown.items())
        announce(f"step {facts['step']}: {measured}")


def _tensors_of(weights_or_file: str) -> Path:
    """The tensors file of installed weights, that file itself, or a run folder (its discriminator goes along)."""
    from engine.training.run.record import BEST
    from engine.weights.card import read_card
    from engine.weights.folder import tensors_file
    from engine.weights.store import find_weights

    path = Path(weights_or_file)
    if (path / BEST).is_file() or (path.suffix == ".safetensors" and path.is_file()):
        return path
    weights_folder = find_weights(weights_or_file)
    return tensors_file(weights_folder, read_card(weights_folder))


def _finite_or_none(number: float) -> float | None:
    return number if math.isfinite(number) else None


def _parsed_setting(text: str) -> Any:
    """2000, 0.99, true and [1, 2] as themselves; anything else is text."""
    try:
        return parse_json(text)
    except ValueError:
        return text
