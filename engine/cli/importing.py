"""`tessera import`: an authors' published file becomes weights with a card."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

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
    encoder: Annotated[
        Path | None,
        typer.Option("--encoder", help="The image encoder that belongs to it (latest_net_E.pth)."),
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Overwrite weights of that name.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Turn a published .pth file into weights that every command and the editor can use.

    No code in the file is run. The weights go to the user's weights folder; what the authors' licence
    allows still holds for them.
    """
    check_weights_name(name)

    from engine.labels.label_sets import load_label_set
    from engine.weights.published import import_published
    from engine.weights.store import load_weights, user_weights_folder

    place = user_weights_folder()
    folder = place / name
    if folder.exists() and not replace:
        raise BadRequest('"{0}" holds weights already; choose another name or add --replace.', folder)
    labels = None if label_set is None else load_label_set(label_set)
    with progress("reading", quiet=as_json) as report:
        report(0.0, f"reading {file.name}")
        card = import_published(file, name, place, encoder=encoder, label_set=labels)
        report(0.9, f"checking {name}")
        state = load_weights(folder).state
    numbers = sum(tensor.numel() for tensor in state.values())
    if as_json:
        answer = {"name": name, "system": card.system, "folder": folder, "numbers": numbers}
        say_json({**answer, "sha256": card.sha256})
    else:
        say(f"{name}: {card.system}, {len(state)} tensors, {numbers / 1e6:.1f} million numbers, in {folder}")


def check_weights_name(name: str) -> None:
    """Refuse names that cannot be a folder everywhere. Raises BadRequest."""
    if not name or name.startswith(".") or any(sign in '/\\:*?"<>|' or ord(sign) < 32 for sign in name):
        raise BadRequest('"{0}" cannot be the name of weights; use letters, digits, - and _.', name)
