"""`tessera publish`: a training run becomes weights."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from engine.cli.common import JsonFlag, progress, say, say_json
from engine.cli.importing import check_weights_name
from engine.errors import BadRequest
from engine.files import check_name


def publish(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder that `train` wrote.")],
    name: Annotated[str, typer.Option("--name", help="What the weights will be called.")],
    data: Annotated[
        Path | None, typer.Option("--data", help="The dataset folder, if it is no longer where the run read it.")
    ] = None,
    about: Annotated[str, typer.Option("--about", help="What they were trained on, for the card.")] = "",
    data_licence: Annotated[str, typer.Option("--data-licence", help="Licence of the data, for the card.")] = "",
    licence: Annotated[str, typer.Option("--licence", help="Licence of the weights, for the card.")] = "",
    into: Annotated[
        Path | None, typer.Option("--into", help="Folder of weights folders; the user's own unless given.")
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Overwrite weights of that name.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Turn a run's best state into weights that every command and the editor can use.

    Tensors are stored in half precision, with what the system adds (a SEAN's mean styles, for example).
    """
    check_weights_name(name)

    from engine.training.publish import publish as publish_run
    from engine.weights.folder import is_taken
    from engine.weights.store import user_weights_folder

    weights_folders = into or user_weights_folder()
    check_name(weights_folders / name)
    if is_taken(weights_folders / name) and not replace:
        raise BadRequest('"{0}" holds weights already; choose another name or add --replace.', weights_folders / name)
    card_facts = {"data": about, "data_licence": data_licence, "weights_licence": licence}
    with progress(f"publishing {name}", quiet=as_json) as on_progress:
        card = publish_run(run, name, destination=weights_folders, data=data, facts=card_facts, on_progress=on_progress)
    if as_json:
        say_json({"name": name, "system": card.system, "folder": weights_folders / name, "sha256": card.sha256})
    else:
        say(f"{name}: {card.system}, {card.steps} steps, in {weights_folders / name}")
