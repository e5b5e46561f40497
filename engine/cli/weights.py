"""`tessera weights`: what is installed, with its cards; and finding one card for the other commands."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.cli.common import CHECK_FAILED, Device, JsonFlag, cancelling, progress, say, say_json, tell
from engine.errors import BadRequest, Cancelled

if TYPE_CHECKING:
    from engine.labels.label_sets import LabelSet
    from engine.weights.store import WeightsEntry


def label_set_of(weights: str) -> LabelSet:
    """The label set of installed weights. Raises WeightsError, also for weights without labels."""
    from engine.errors import WeightsError
    from engine.weights.card import read_card
    from engine.weights.store import find_weights

    label_set = read_card(find_weights(weights)).labels()
    if label_set is None:
        raise WeightsError('The weights "{0}" know no labels; choose weights of a label set.', weights)
    return label_set


def weights(
    as_json: JsonFlag = False,
    check: Annotated[
        bool, typer.Option("--check", help="Read every file whole and compare its SHA-256 with its card's.")
    ] = False,
    remove: Annotated[
        str | None, typer.Option("--remove", metavar="NAME", help="Remove these weights from your own folder.")
    ] = None,
    measure_styles: Annotated[
        str | None,
        typer.Option("--measure-styles", metavar="NAME", help="Measure how styles vary, so that they can be drawn."),
    ] = None,
    data: Annotated[
        Path | None, typer.Option("--data", help="Whose pictures to measure: images/, labels/, splits.json.")
    ] = None,
    split: Annotated[str, typer.Option("--split", help="Which of its pictures.")] = "train",
    limit: Annotated[int, typer.Option("--limit", min=2, help="At most that many, spread over the split.")] = 300,
    device: Device = "auto",
) -> None:
    """List the weights that are installed, with their cards, and what is missing; exit code 1 if one is broken.

    With --measure-styles and --data: write styles.safetensors beside weights that take styles from pictures, so that
    `render --style hair=sample:7` and the editor's dice can draw styles for them.
    """
    if measure_styles is not None:
        _measure(measure_styles, data, split, limit, device, as_json)
        return
    if data is not None:
        raise BadRequest("--data goes with --measure-styles NAME.")
    if remove is not None:
        _remove(remove, as_json)
        return
    from engine.weights.store import list_weights, search_path

    entries = list_weights()
    if check:
        entries = [_checked(entry) for entry in entries]
    if as_json:
        say_json([_as_data(entry) for entry in entries])
    elif not entries:
        tell([f"no weights are installed; looked in {', '.join(str(p) for p in search_path())}"])
    else:
        for entry in entries:
            for line in _as_lines(entry):
                say(line)
        _say_missing({entry.card.system for entry in entries if entry.card is not None})
    if any(entry.card is None for entry in entries):
        raise SystemExit(CHECK_FAILED)


def _remove(name: str, as_json: bool) -> None:
    from engine.weights.manage import remove_weights

    folder = remove_weights(name)
    if as_json:
        say_json({"removed": name, "folder": folder})
    else:
        say(f"removed {folder}")


def _checked(entry: WeightsEntry) -> WeightsEntry:
    """The entry, with what reading its files whole has found."""
    from engine.weights.manage import problem_of

    found = problem_of(entry.folder) if entry.card is not None else ""
    return replace(entry, card=None, problem=found) if found else entry


def _measure(name: str, data: Path | None, split: str, limit: int, device: str, quiet: bool) -> None:
    if data is None:
        raise BadRequest("--measure-styles needs --data, the folder of the pictures to measure.")
    from engine.painting.style_spread import measure_styles
    from engine.session import Session
    from engine.weights.store import STYLES_FILE, find_weights

    folder = find_weights(name)
    with progress("loading", quiet=quiet) as report, cancelling() as cancel:

        def on_progress(fraction: float, text: str) -> None:
            if cancel.is_set():
                raise Cancelled()
            report(fraction, text)

        painter = Session(device).painter(name)
        measure_styles(painter, folder, data, split=split, limit=limit, on_progress=on_progress)
    path = folder / STYLES_FILE
    if quiet:
        say_json({"weights": name, "styles": path, "bytes": path.stat().st_size})
    else:
        say(f"{path}  {path.stat().st_size / 1000:.0f} kB")


def _say_missing(systems: set[str]) -> None:
    """What else could be put in place, and where."""
    from engine.weights.manage import missing

    for one in missing(systems):
        say(f"missing: {one.name} ({one.use}); put {' and '.join(one.files)} into {one.folder}")


def _as_data(entry: WeightsEntry) -> dict[str, Any]:
    import msgspec

    card = msgspec.to_builtins(entry.card) if entry.card is not None else None
    data = {"name": entry.name, "folder": entry.folder, "problem": entry.problem or None, "card": card}
    return {**data, "bytes": _size(entry)}


def _as_lines(entry: WeightsEntry) -> list[str]:
    from engine.weights.card import metrics_by_split

    card = entry.card
    if card is None:
        return [f"{entry.name}: broken", f"    {entry.problem}", ""]
    labels = card.labels()
    of = f", {len(labels)} labels of {labels.name}" if labels is not None else ""
    side = f", {card.config['resolution']} px" if "resolution" in card.config else ""
    rows = {
        "trained": f"{card.steps} steps in {card.seconds / 60:.0f} min" if card.steps else "",
        "data": " - ".join(filter(None, [card.data, card.data_licence])),
        "licence": card.weights_licence,
        **{_split_title(split): _metrics(numbers) for split, numbers in metrics_by_split(card).items()},
        "made with": card.made_with,
        "notes": card.notes,
        "folder": str(entry.folder),
    }
    head = f"{entry.name}: {card.system}{side}{of}, {_size(entry) / 1e6:.1f} MB"
    return [head, *(f"    {key:<12}{value}" for key, value in rows.items() if value), ""]


MAIN = {
    "ssim": "SSIM",
    "rmse": "RMSE",
    "psnr": "PSNR",
    "FID-MobileNetV2": "FID-MobileNetV2",
    "fid_mobilenet_v2": "FID-MobileNetV2",
    "miou": "mIoU",
    "accuracy": "accuracy",
}
"""The numbers that a list of weights shows, and what it calls them."""


def _split_title(split: str) -> str:
    return {"": "metrics", "at_training": "at training"}.get(split, f"on {split}")


def _metrics(numbers: dict[str, Any]) -> str:
    """The main numbers on one line; those of the parser on reconstructions count for the weights that made them."""
    inside = numbers.get("reconstructions")
    found = {**(inside if isinstance(inside, dict) else {}), **numbers}
    shown = {MAIN[key]: found[key] for key in MAIN if isinstance(found.get(key), (int, float))}
    return ", ".join(f"{name} {value:.4g}" for name, value in shown.items())


def _size(entry: WeightsEntry) -> int:
    from engine.weights.store import MODEL_FILE

    path = entry.folder / MODEL_FILE
    return path.stat().st_size if path.is_file() else 0
