"""`tessera parse`: the label map of a photo."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from engine.cli.common import Device, JsonFlag, cancelling, check_target, progress
from engine.cli.request import perform


def parse(
    photo: Annotated[Path, typer.Argument(help="A picture file.")],
    weights: Annotated[str, typer.Option("--weights", help="Name or folder of a parser's weights.")],
    target: Annotated[Path, typer.Option("--out", help="Where the label map goes: a .png.")],
    kind: Annotated[
        Literal["indexed", "raw", "colour"],
        typer.Option("--kind", help="Palette of the labels' colours, bare ids, or colours."),
    ] = "indexed",
    device: Device = "auto",
    as_json: JsonFlag = False,
) -> None:
    """Find the label map of a photo and say which labels it has and how sure that is."""
    from engine.pictures.sniffing import check_photo
    from engine.requests.parse import ParseRequest

    check_target(target, ParseRequest.suffixes)
    check_photo(photo)

    from engine.session import Session

    session = Session(device)
    with progress("parsing", quiet=as_json) as on_progress, cancelling() as cancel:
        answer = perform(session, ParseRequest(weights, path=str(photo)), target, on_progress, cancel, kind=kind)
    answer.tell(as_json)
