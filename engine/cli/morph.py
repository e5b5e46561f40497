"""`tessera morph`: a region's style on its way from one to another, as an animation, a strip or single pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.cli.common import Device, JsonFlag, cancelling, check_apart, check_target, progress
from engine.cli.request import files_of
from engine.cli.words import StyleWord, split_style
from engine.errors import BadRequest, Cancelled

if TYPE_CHECKING:
    from engine.cli.styles import StyleReader
    from engine.requests.render import RenderRequest


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
    _check_out(target)
    last_style = split_style("--to", last_word)
    first_style = None if first_word is None else split_style("--from", first_word)
    if first_style == last_style:
        raise BadRequest("--from and --to are the same style; give two.")

    from engine.cli.changes import read_render_request
    from engine.cli.series import write_morph
    from engine.cli.styles import StyleReader
    from engine.requests.animation import paint_all
    from engine.session import Session

    session = Session(device)
    with progress("painting steps", quiet=as_json) as on_progress, cancelling() as cancel:
        base_request = read_render_request(request_file)
        style_reader = StyleReader(session, base_request.weights)
        labels = style_reader.labels("--label", label_names or [], base_request)
        requests = _frames(base_request, labels, style_reader, first_style, last_style, frames)
        check_apart(target, [request_file, *files_of(requests[0]), *files_of(requests[-1])])
        pictures, notes = paint_all(session.run, requests, on_progress, cancel)
        if cancel.is_set():
            raise Cancelled()
        answer = write_morph(target, pictures, requests, seconds, not once, notes)
    answer.tell(as_json)


def _check_out(target: Path) -> None:
    """Refuse an --out that could not be written. Raises BadFile."""
    from engine.cli.series import check_series
    from engine.pictures.images import PICTURE_SUFFIXES

    suffixes = (".gif", *PICTURE_SUFFIXES)
    if target.suffix.lower() in suffixes:
        check_target(target, suffixes)
    else:
        check_series(target, suffixes)


def _frames(
    base_request: RenderRequest,
    labels: Sequence[int],
    style_reader: StyleReader,
    first_style: StyleWord | None,
    last_style: StyleWord,
    frame_count: int,
) -> list[RenderRequest]:
    """The request of each frame: the labels' styles move from the first to the last together.

    first_style: None for the style that each label has in the request.
    """
    from engine.requests.morph import morph as morph_requests
    from engine.requests.variations import with_style

    requests = [base_request] * frame_count
    for label in labels:
        start_style = base_request.style(label) if first_style is None else style_reader.one_of(first_style, label)
        end_style = style_reader.one_of(last_style, label)
        morphed = morph_requests(base_request, label, start_style, end_style, frame_count)
        requests = [with_style(frame, label, step.style(label)) for frame, step in zip(requests, morphed)]
    return requests
