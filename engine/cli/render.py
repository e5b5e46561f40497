"""`tessera render`: a picture from a request file, or from a label map and styles given as options; or variations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from engine.cli.common import Device, JsonFlag, cancelling, check_target, progress
from engine.cli.request import perform
from engine.errors import BadRequest

if TYPE_CHECKING:
    from engine.cli.changes import Changes
    from engine.cli.styles import StyleReader
    from engine.requests.render import RenderRequest
    from engine.session import Session

LabelMapOption = Annotated[Path | None, typer.Option("--labels", help="Label map file to paint.")]
WeightsOption = Annotated[str | None, typer.Option("--weights", help="Name or folder of the weights.")]
StyleOption = Annotated[
    list[str] | None,
    typer.Option("--style", metavar="LABEL=STYLE", help="This label's style: FILE[@LABELMAP], sample:SEED or mean."),
]
StylesOption = Annotated[
    str | None,
    typer.Option("--styles", metavar="STYLE", help="Every style that this picture has, or sample:SEED everywhere."),
]
MixOption = Annotated[
    list[str] | None,
    typer.Option(
        "--mix",
        metavar="LABEL=STYLE:AMOUNT",
        help="Mix that much (0 to 1, or beyond) of the style into the label's.",
    ),
]
RelabelOption = Annotated[
    list[str] | None,
    typer.Option("--relabel", metavar="LABEL=LABEL", help="Turn the regions of the first label into the second."),
]
SeedOption = Annotated[int | None, typer.Option("--seed", help="Decides the noise; 0 unless given.")]
DetailOption = Annotated[
    Literal["model", "full"] | None,
    typer.Option(
        "--detail",
        help="How a large label map is painted: at the size the model knows and enlarged, or at its own, in full.",
    ),
]
VariationsOption = Annotated[
    int | None,
    typer.Option("--variations", min=1, max=64, help="Paint that many pictures with drawn styles, as a grid."),
]
LabelOption = Annotated[
    list[str] | None,
    typer.Option("--label", metavar="LABEL", help="Whose style varies; may be repeated. Every label's unless given."),
]
FirstOption = Annotated[int, typer.Option("--first", min=0, help="Seed of the first variation's style.")]


def render(
    out: Annotated[Path, typer.Option("--out", help="Where the picture goes: .png, .jpg, .webp or .tiff.")],
    request: Annotated[
        Path | None,
        typer.Argument(metavar="[REQUEST]", help="A request: JSON, or a PNG that Tessera exported."),
    ] = None,
    weights: WeightsOption = None,
    labels: LabelMapOption = None,
    relabel: RelabelOption = None,
    style: StyleOption = None,
    styles: StylesOption = None,
    mix: MixOption = None,
    seed: SeedOption = None,
    detail: DetailOption = None,
    variations: VariationsOption = None,
    label: LabelOption = None,
    first: FirstOption = 1,
    device: Device = "auto",
    as_json: JsonFlag = False,
) -> None:
    """Paint a picture.

    Either from a request file, or from --weights and --labels. --relabel, then --styles (all regions of a
    picture), --style (one label, wins over --styles) and --mix (mixed into what the label then has) change
    it; a label without a style has the weights' mean style. A style is a picture, sample:SEED (drawn: the
    same seed is the same style) or mean. A PNG carries its request: given to `render` again, or dropped on
    the editor, it restores everything. Files whose names hold @, = or : are taken as they are if they exist.

    --variations 6 --label hair paints six pictures in which only the hair's style is drawn anew: a grid, or,
    where --out has no suffix, a new folder of PNG files that each carry their request.
    """
    from engine.pictures.images import PICTURE_SUFFIXES

    if variations is None and (label or first != 1):
        raise BadRequest("--label and --first go with --variations.")
    if variations is None or out.suffix:
        check_target(out, PICTURE_SUFFIXES)
    if (request is None) == (weights is None and labels is None) or (request is None and not (weights and labels)):
        raise BadRequest("render needs either a request file, or both --weights and --labels.")

    from engine.cli.changes import Changes
    from engine.session import Session

    session = Session(device)
    changes = Changes(relabel or (), styles, style or (), mix or ())
    with progress("reading", quiet=as_json) as report, cancelling() as cancel:
        job, reader = prepare(session, request, weights, labels, changes, seed)
        if detail is not None:
            job = job.replace(detail=detail)
        if variations is None:
            answer = perform(session, job, out, report, cancel)
        else:
            from engine.cli.series import paint_variations

            answer = paint_variations(session, job, reader, label or [], variations, first, out, report, cancel)
    answer.tell(as_json)


def prepare(
    session: Session,
    request: Path | None,
    weights: str | None,
    labels: Path | None,
    changes: Changes,
    seed: int | None,
) -> tuple[RenderRequest, StyleReader]:
    """The request in a file, or for a label map file, changed as the words say; and the reader of its styles."""
    from engine.cli.changes import changed, new_request, read_render_request
    from engine.cli.styles import StyleReader

    if request is not None:
        job = read_render_request(request)
        reader = StyleReader(session, job.weights)
    else:
        assert weights is not None and labels is not None  # the command has seen to it
        reader = StyleReader(session, weights)
        job = new_request(weights, labels, reader)
    job = changed(job, reader, changes)
    return (job if seed is None else job.replace(seed=seed)), reader
