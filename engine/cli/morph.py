"""`tessera morph`: a region's style on its way from one to another, as an animation, a strip or single pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from engine.cli.common import Device, JsonFlag, cancelling, check_target, progress
from engine.cli.words import split_style
from engine.errors import BadRequest, Cancelled


def morph(
    request_file: Annotated[
        Path, typer.Argument(metavar="REQUEST", help="A request: JSON, or a PNG that Tessera exported.")
    ],
    last_word: Annotated[
        str, typer.Option("--to", metavar="STYLE", help="The last style: FILE[@LABELMAP], sample:SEED or mean.")
    ],
    target: Annotated[
        Path, typer.Option("--out", help=".gif: an animation; .png, .jpg ...: a strip; no suffix: a folder of PNGs.")
    ],
    first_word: Annotated[
        str | None, typer.Option("--from", metavar="STYLE", help="The first style; the request's own unless given.")
    ] = None,
    label_names: Annotated[
        list[str] | None,
        typer.Option(
            "--label", metavar="LABEL", help="Whose style morphs; may be repeated. Every label's unless given."
        ),
    ] = None,
    frames: Annotated[int, typer.Option("--frames", min=2, max=240, help="Pictures, first and last included.")] = 9,
    seconds: Annotated[float, typer.Option("--seconds", min=0.02, max=60, help="How long the GIF shows each.")] = 0.1,
    once: Annotated[bool, typer.Option("--once", help="The GIF does not play backwards as well.")] = False,
    device: Device = "auto",
    as_json: JsonFlag = False,
) -> None:
    """Morph styles: everything stays as the request has it, the labels' styles go from --from to --to in equal steps.

    Ctrl+C stops; nothing is written before all pictures are there.
    """
    from engine.cli.series import check_series, write_morph
    from engine.pictures.images import PICTURE_SUFFIXES

    suffixes = (".gif", *PICTURE_SUFFIXES)
    if target.suffix.lower() in suffixes:
        check_target(target, suffixes)
    else:
        check_series(target, suffixes)
    last_style = split_style("--to", last_word)
    first_style = None if first_word is None else split_style("--from", first_word)
    if first_style == last_style:
        raise BadRequest("--from and --to are the same style; give two.")

    from engine.cli.changes import read_render_request
    from engine.cli.styles import StyleReader
    from engine.requests import morph as morphing
    from engine.requests.animation import paint_all
    from engine.requests.variations import with_style
    from engine.session import Session

    session = Session(device)
    with progress("reading", quiet=as_json) as on_progress, cancelling() as cancel:
        base_request = read_render_request(request_file)
        style_reader = StyleReader(session, base_request.weights)
        requests = [base_request] * frames
        for chosen in style_reader.labels("--label", label_names or [], base_request):
            start_style = (
                base_request.style(chosen) if first_style is None else style_reader.one_of(first_style, chosen)
            )
            steps = morphing.morph(base_request, chosen, start_style, style_reader.one_of(last_style, chosen), frames)
            requests = [with_style(frame, chosen, step.style(chosen)) for frame, step in zip(requests, steps)]
        pictures, notes = paint_all(session.run, requests, on_progress, cancel)
        if cancel.is_set():
            raise Cancelled()
        answer = write_morph(target, pictures, requests, seconds, not once, notes)
    answer.tell(as_json)
