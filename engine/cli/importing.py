"""`tessera import`: an authors' published file becomes weights with a card."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from engine.cli.common import JsonFlag, progress, say, say_json
from engine.errors import BadRequest
from engine.files import check_name


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
    from engine.weights.folder import is_taken
    from engine.weights.published import import_published
    from engine.weights.store import load_weights, user_weights_folder

    weights_folders = user_weights_folder()
    weights_folder = weights_folders / name
    check_name(weights_folder)
    if is_taken(weights_folder) and not replace:
        raise BadRequest('"{0}" holds weights already; choose another name or add --replace.', weights_folder)
    chosen_label_set = None if label_set is None else load_label_set(label_set)
    with progress(f"importing {file.name}", quiet=as_json) as on_progress:
        on_progress(0.0, f"reading {file.name}")
        card = import_published(file, name, weights_folders, encoder=encoder, label_set=chosen_label_set)
        on_progress(0.9, f"checking {name}")
        tensors = load_weights(weights_folder).state
    parameter_count = sum(tensor.numel() for tensor in tensors.values())
    if as_json:
        answer = {"name": name, "system": card.system, "folder": weights_folder, "numbers": parameter_count}
        say_json({**answer, "sha256": card.sha256})
    else:
        size = f"{len(tensors)} tensors, {parameter_count / 1e6:.1f} million numbers"
        say(f"{name}: {card.system}, {size}, in {weights_folder}")


def check_weights_name(weights_name: str) -> None:
    """Refuse names that cannot be a folder everywhere. Raises BadRequest."""
    if (
        not weights_name
        or weights_name != weights_name.strip(". ")
        or any(character in '/\\:*?"<>|' or ord(character) < 32 for character in weights_name)
    ):
        shown_name = " ".join(weights_name.splitlines())
        raise BadRequest('"{0}" cannot be the name of weights; use letters, digits, - and _.', shown_name)
