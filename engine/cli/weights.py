"""`tessera weights`: what is installed, with its cards; and finding one card for the other commands."""

from __future__ import annotations

import os
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.cli.common import CHECK_FAILED, Device, JsonFlag, cancelling, progress, say, say_json, tell
from engine.errors import BadRequest, Cancelled

if TYPE_CHECKING:
    from engine.labels.label_sets import LabelSet
    from engine.requests.base import Request
    from engine.weights.card import Card
    from engine.weights.manage import Missing
    from engine.weights.store import WeightsEntry


def label_set_of(weights_name: str) -> LabelSet:
    """The label set of installed weights. Raises WeightsError, also for weights without labels."""
    from engine.errors import WeightsError
    from engine.weights.card import read_card
    from engine.weights.store import find_weights

    label_set = read_card(find_weights(weights_name)).labels()
    if label_set is None:
        raise WeightsError('The weights "{0}" know no labels; choose weights of a label set.', weights_name)
    return label_set


def installed_serving(request_kind: type[Request[Any]]) -> list[str]:
    """Names of the installed weights that serve this kind of request, the first choice first."""
    from engine.systems import serves
    from engine.weights.store import list_weights

    return [entry.name for entry in list_weights() if entry.card is not None and serves(entry.card, request_kind)]


def weights_serving(request_kind: type[Request[Any]], weights_name: str | None) -> str:
    """What a request should call these weights; the first installed ones that serve its kind where None is given.

    Raises WeightsError that names those that serve this kind, or says how to get some.
    """
    from engine.errors import WeightsError
    from engine.systems import systems_serving
    from engine.weights.store import lasting_name

    serving = installed_serving(request_kind)
    if weights_name is not None:
        try:
            return lasting_name(weights_name)
        except WeightsError:
            if any(separator in weights_name for separator in ("/", os.sep)):
                raise
            if serving:
                raise WeightsError(
                    'There are no weights called "{0}"; these {1}: {2}.',
                    weights_name,
                    request_kind.task,
                    ", ".join(serving),
                ) from None
    elif serving:
        return serving[0]
    raise WeightsError(
        "No weights are installed that {0}; train some ({1}) and publish them, or give --weights.",
        request_kind.task,
        ", ".join(system.id for system in systems_serving(request_kind)),
    )


def weights(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME...]", help="Weights, or what is missing, to tell all about.")
    ] = None,
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
    """List the weights that are installed and what is missing, a line each; exit code 1 if one is broken.

    With names: what each of them can do, its labels, data, licence and numbers; of what is missing, where it goes.
    --json prints the whole of their cards: all numbers, and the recipe that they were made with.

    With --measure-styles and --data: write a styles file beside weights that take styles from pictures, so that
    `render --style hair=sample:7` and the editor's dice can draw styles for them.
    """
    for option, weights_name in (("--remove", remove), ("--measure-styles", measure_styles)):
        if names and weights_name is not None:
            raise BadRequest('{0} takes one name, "{1}"; leave out "{2}".', option, weights_name, " ".join(names))
    if measure_styles is not None:
        _measure_styles(measure_styles, data, split, limit, device, as_json)
        return
    if data is not None:
        raise BadRequest("--data goes with --measure-styles NAME.")
    if remove is not None:
        _remove_weights(remove, as_json)
        return
    from engine.weights.store import list_weights, search_path

    installed = list_weights()
    entries, absent = _chosen(names, installed)
    if check:
        entries = [_checked_entry(entry) for entry in entries]
    if as_json:
        absent_data = [_absent_data(download) for download in absent] if names else []  # the list is of what is there
        say_json([*(_entry_data(entry) for entry in entries), *absent_data])
    elif names:
        _say_details(entries, absent)
    elif installed:
        _say_overview(entries, absent)
    else:
        tell([f"no weights are installed; looked in {', '.join(str(folder) for folder in search_path())}"])
    if any(entry.card is None for entry in entries):
        raise SystemExit(CHECK_FAILED)


def _remove_weights(weights_name: str, as_json: bool) -> None:
    from engine.weights.manage import remove_weights

    folder = remove_weights(weights_name)
    if as_json:
        say_json({"removed": weights_name, "folder": folder})
    else:
        say(f"removed {folder}")


def _checked_entry(entry: WeightsEntry) -> WeightsEntry:
    """The entry; without its card, and with the problem, if its tensors are not those that the card describes."""
    from engine.weights.manage import problem_of

    problem = problem_of(entry.folder) if entry.card is not None else ""
    return replace(entry, card=None, problem=problem) if problem else entry


def _measure_styles(
    weights_name: str, data_folder: Path | None, split: str, most_pictures: int, device_name: str, as_json: bool
) -> None:
    if data_folder is None:
        raise BadRequest("--measure-styles needs --data, the folder of the pictures to measure.")
    from engine.painting.style_spread import measure_styles
    from engine.session import Session
    from engine.weights.folder import styles_file
    from engine.weights.store import find_weights

    weights_folder = find_weights(weights_name)
    with progress("loading", quiet=as_json) as show_progress, cancelling() as cancel:

        def on_progress(fraction: float, activity: str) -> None:
            if cancel.is_set():
                raise Cancelled()
            show_progress(fraction, activity)

        painter = Session(device_name).painter(weights_name)
        card = measure_styles(
            painter, weights_folder, data_folder, split=split, limit=most_pictures, on_progress=on_progress
        )
    styles_path = styles_file(weights_folder, card)
    if as_json:
        say_json({"weights": weights_name, "styles": styles_path, "bytes": styles_path.stat().st_size})
    else:
        say(f"{styles_path}  {styles_path.stat().st_size / 1000:.0f} kB")


def _chosen(names: list[str] | None, installed: list[WeightsEntry]) -> tuple[list[WeightsEntry], list[Missing]]:
    """The weights and the missing things of those names, all without any. Raises WeightsError for an unknown name."""
    from engine.errors import WeightsError
    from engine.weights.manage import missing

    absent = missing({entry.card.system for entry in installed if entry.card is not None})
    if not names:
        return installed, absent
    known = {entry.name for entry in installed} | {download.name for download in absent}
    for weights_name in names:
        if weights_name not in known:
            raise WeightsError(
                'There are no weights called "{0}"; known are {1}.', weights_name, ", ".join(sorted(known))
            )
    return [e for e in installed if e.name in names], [download for download in absent if download.name in names]


def _say_overview(entries: list[WeightsEntry], absent: list[Missing]) -> None:
    """A line each, so that all of it fits a screen."""
    rows = [_overview_row(entry) for entry in entries]
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    if absent:
        say(f"not installed, none needed: {', '.join(download.name for download in absent)}")
    say("weights NAME tells all about one of them")


def _overview_row(entry: WeightsEntry) -> tuple[str, str, str, str, str, str]:
    """Name, system, side, labels, size of the file, the first main number; of broken weights what is wrong."""
    from engine.systems import abilities
    from engine.weights.card import metrics_by_split

    card = entry.card
    if card is None:
        return entry.name, "broken", "", "", "", entry.problem
    label_set, side = card.labels(), abilities(card).resolution
    texts = [_numbers_text(card, split, MAIN_NUMBERS) for split in metrics_by_split(card)]
    return (
        entry.name,
        card.system,
        f"{side} px" if side else "",
        label_set.name if label_set is not None else "",
        f"{_model_size(entry) / 1e6:.1f} MB",
        next(filter(None, reversed(texts)), ""),  # numbers measured afterwards come behind training's own
    )


def _say_details(entries: list[WeightsEntry], absent: list[Missing]) -> None:
    """All that a card says in words, and where what is missing could be put."""
    from engine.systems import find_system

    for entry in entries:
        for card_line in _entry_lines(entry):
            say(card_line)
    for download in absent:
        known_system = find_system(download.system)
        use = download.use if known_system is None else f"{download.use}: {known_system.title}, {known_system.paper}"
        if known_system is not None and known_system.weights_licence:
            use += f"; the authors' own are {known_system.weights_licence}"
        say(f"missing: {download.name} ({use}); put {' and '.join(download.files)} into {download.folder}")


def _entry_data(entry: WeightsEntry) -> dict[str, Any]:
    import msgspec

    card_data = msgspec.to_builtins(entry.card) if entry.card is not None else None
    entry_data = {"name": entry.name, "folder": entry.folder, "problem": entry.problem or None, "card": card_data}
    return {**entry_data, "bytes": _model_size(entry)}


def _absent_data(download: Missing) -> dict[str, Any]:
    return {"name": download.name, "missing": True, "files": download.files, "folder": download.folder}


def _entry_lines(entry: WeightsEntry) -> list[str]:
    from engine.systems import abilities, find_system

    card = entry.card
    if card is None:
        return [f"{entry.name}: broken", f"    {entry.problem}", ""]
    label_set = card.labels()
    label_summary = f", {len(label_set)} labels of {label_set.name}" if label_set is not None else ""
    side = abilities(card).resolution
    resolution = f", {side} px" if side else ""
    known_system = find_system(card.system)
    card_rows = {
        "does": _abilities_text(card),
        "labels": ", ".join(label.name for label in label_set.labels) if label_set is not None else "",
        "trained": f"{card.steps} steps in {card.seconds / 60:.0f} min" if card.steps else "",
        "data": card.data,
        "licence": card.weights_licence or "not stated",
        "method": f"{known_system.title} ({known_system.paper})" if known_system is not None else "",
        **_metric_rows(card),
        "notes": card.notes,
    }
    card_rows["folder"] = str(entry.folder)
    first_line = f"{entry.name}: {card.system}{resolution}{label_summary}, {_model_size(entry) / 1e6:.1f} MB"
    return [
        first_line,
        *(_wrapped(row_title, row_text) for row_title, row_text in card_rows.items() if row_text),
        "",
    ]


def _abilities_text(card: Card) -> str:
    """What weights are for, in words."""
    from engine.requests.render import RenderRequest
    from engine.systems import abilities, request_kinds, serves

    tasks = ", ".join(str(kind.task) for kind in request_kinds(card))
    can = abilities(card)
    if not can.styles:
        return f"{tasks}, always in one style" if serves(card, RenderRequest) else tasks
    sources = [source for source, is_offered in (("from pictures", can.images), ("drawn", can.samples)) if is_offered]
    whose = "a style for each region" if can.scope == "label" else "one style for the whole picture"
    return f"{tasks}, {whose}, {' or '.join(sources)}"


ROW_WIDTH = 104
"""Characters of a line of text about weights."""
MAIN_NUMBERS = 3
"""How many of its numbers stand beside weights in the overview."""


def _wrapped(row_title: str, text: str) -> str:
    """A row of a card, on as many lines as it needs. Paths have no place to break, and are not broken."""
    lines = wrap(text, ROW_WIDTH, break_long_words=False, break_on_hyphens=False)
    return "\n".join(f"    {title:<12}{line}" for title, line in zip_longest([row_title], lines, fillvalue=""))


def _split_title(split: str) -> str:
    return {"": "metrics", "at_training": "at training"}.get(split, f"on {split}")


def _metric_rows(card: Card) -> dict[str, str]:
    """The main numbers of each split, on one line."""
    from engine.weights.card import metrics_by_split

    return {_split_title(split): _numbers_text(card, split) for split in metrics_by_split(card)}


def _numbers_text(card: Card, split: str, most: int | None = None) -> str:
    """The main numbers of a split, the first `most` of them."""
    from engine.metrics.names import main_numbers
    from engine.weights.card import metrics_by_split

    numbers = main_numbers(card.system, metrics_by_split(card)[split])[:most]
    return ", ".join(f"{name} {number:.4g}" for name, number in numbers)


def _model_size(entry: WeightsEntry) -> int:
    return entry.tensors.stat().st_size if entry.tensors.is_file() else 0
