"""`tessera import`: an authors' published file becomes weights with a card."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from engine.cli.common import JsonFlag, progress, say, say_json
from engine.errors import BadRequest


def import_weights(
    file: Annotated[Path, typer.Argument(metavar="FILE.pth", help="A file that the authors published.")],
    name: Annotated[str, typer.Option("--name", help="What the weights will be called here.")],
    label_set: Annotated[
        str | None,
        typer.Option("--label-set", help="faces, street ... or a classes.json; by its size unless given."),
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Overwrite weights of that name.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Turn a published .pth file into weights that every command and the editor can use.

    No code in the file is run. The weights go to the user's weights folder; what the authors' licence
    allows still holds for them.
    """
    check_weights_name(name)

    from engine.checkpoints.published import import_published
    from engine.checkpoints.store import Card, save_weights, user_weights_folder

    folder = user_weights_folder() / name
    if folder.exists() and not replace:
        raise BadRequest(f'"{folder}" holds weights already; choose another name or add --replace.')
    with progress("reading", quiet=as_json) as report:
        report(0.0, f"reading {file.name}")
        system, config, state = import_published(file)
        labels = _label_set(label_set, config)
        report(0.5, f"writing {name}")
        card = Card(
            name=name,
            system=system,
            config=config,
            label_set=labels,
            data="as published by the authors",
            weights_licence="the authors' (SEAN: CC BY-NC-SA 4.0, non-commercial)",
            made_with=f"tessera import {file.name}",
        )
        card = save_weights(folder, card, state)
    numbers = sum(tensor.numel() for tensor in state.values())
    if as_json:
        answer = {"name": name, "system": system, "folder": folder, "numbers": numbers}
        say_json({**answer, "sha256": card.sha256})
    else:
        say(f"{name}: {system}, {len(state)} tensors, {numbers / 1e6:.1f} million numbers, in {folder}")


def check_weights_name(name: str) -> None:
    """Refuse names that cannot be a folder everywhere. Raises BadRequest."""
    if not name or name.startswith(".") or any(sign in '/\\:*?"<>|' or ord(sign) < 32 for sign in name):
        raise BadRequest(f'"{name}" cannot be the name of weights; use letters, digits, - and _.')


def _label_set(wanted: str | None, config: dict[str, Any]) -> dict[str, Any]:
    """The card's label set: the one asked for, or the only bundled one with as many labels as the network."""
    from engine.labels import bundled_label_sets, load_label_set

    count = config.get("labels")
    if count is None:  # a network without labels, such as a discriminator of pictures
        return {}
    if wanted is None:
        fitting = [s for s in map(load_label_set, bundled_label_sets()) if len(s) == count]
        if len(fitting) != 1:
            raise BadRequest(f"The network has {count} labels; say of which label set with --label-set.")
        return fitting[0].to_dict()
    label_set = load_label_set(wanted)
    if len(label_set) != count:
        raise BadRequest(f'The network has {count} labels, the label set "{wanted}" has {len(label_set)}.')
    return label_set.to_dict()
