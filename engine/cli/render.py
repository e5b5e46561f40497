"""`tessera render`: a picture from a request file, or from a label map and styles given as options; or variations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from engine.cli.common import Device, JsonFlag, OrderOption, cancelling, check_apart, check_target, progress
from engine.cli.request import perform
from engine.errors import BadRequest

if TYPE_CHECKING:
    from engine.cli.changes import Changes
    from engine.cli.styles import StyleReader
    from engine.requests.render import RenderRequest
    from engine.session import Session

RequestArgument = Annotated[
    Path | None, typer.Argument(metavar="[REQUEST]", help="A request: JSON, or a PNG that Tessera exported.")
]
LabelMapOption = Annotated[Path | None, typer.Option("--labels", help="Label map file to paint.")]
WeightsOption = Annotated[str | None, typer.Option("--weights", help="Name or folder of the weights.")]
StyleOption = Annotated[
    list[str] | None,
    typer.Option(
        "--style",
        metavar="LABEL[@X,Y]=STYLE",
        help="This label's style, or its piece's at that pixel: FILE[@LABELMAP], sample:SEED or mean.",
    ),
]
StylesOption = Annotated[
    str | None,
    typer.Option("--styles", metavar="STYLE", help="Every style that this picture has, or sample:SEED everywhere."),
]
MixOption = Annotated[
    list[str] | None,
    typer.Option(
        "--mix",
        metavar="LABEL[@X,Y]=STYLE:AMOUNT",
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
KeepPathsOption = Annotated[
    bool, typer.Option("--keep-paths", help="Let a PNG say in which folders the style pictures lie.")
]
FirstOption = Annotated[int, typer.Option("--first", min=0, help="Seed of the first variation's style.")]


def render(
    target: Annotated[Path, typer.Option("--out", help="Where the picture goes: .png, .jpg, .webp or .tiff.")],
    request_file: RequestArgument = None,
    weights: WeightsOption = None,
    label_map_file: LabelMapOption = None,
    order: OrderOption = None,
    relabel: RelabelOption = None,
    style: StyleOption = None,
    styles: StylesOption = None,
    mix: MixOption = None,
    seed: SeedOption = None,
    detail: DetailOption = None,
    variations: VariationsOption = None,
    label_names: LabelOption = None,
    first_seed: FirstOption = 1,
    keep_paths: KeepPathsOption = False,
    device: Device = "auto",
    as_json: JsonFlag = False,
) -> None:
    """Paint a picture.

    Either from a request file, or from --weights and --labels. --relabel, then --styles (all regions of a
    picture), --style (one label, wins over --styles) and --mix (mixed into what the label then has) change
    it; a label without a style has the weights' mean style. A style is a picture, sample:SEED (drawn: the
    same seed is the same style) or mean. window@120,80 is the one window around that pixel, counted from the
    left and the top. A PNG carries its request: given to `render` again, or dropped on the editor, it restores
    everything. Files whose names hold @, = or : are taken as they are if they exist.

    --variations 6 --label hair paints six pictures in which only the hair's style is drawn again: a grid, or,
    where --out has no suffix, a new folder of PNG files that each carry their request.
    """
    from engine.pictures.images import PICTURE_SUFFIXES

    if variations is None and (label_names or first_seed != 1):
        raise BadRequest("--label and --first go with --variations.")
    if variations is None or target.suffix:
        check_target(target, PICTURE_SUFFIXES)
    by_words = bool(weights and label_map_file)
    if (request_file is not None) == by_words or (request_file is not None and (weights or label_map_file)):
        raise BadRequest("render needs either a request file, or both --weights and --labels.")
    check_apart(target, [request_file, label_map_file])

    from engine.cli.changes import Changes
    from engine.session import Session

    session = Session(device)
    changes = Changes(relabel or (), styles, style or (), mix or ())
    with progress("painting", quiet=as_json) as on_progress, cancelling() as cancel:
        request, style_reader = prepare(session, request_file, weights, label_map_file, changes, seed, order)
        if detail is not None:
            request = request.replace(detail=detail)
        if variations is None:
            answer = perform(session, request, target, on_progress, cancel, keep_paths=keep_paths)
        else:
            from engine.cli.series import paint_variations

            answer = paint_variations(
                session, request, style_reader, label_names or [], variations, first_seed, target, on_progress, cancel
            )
    answer.tell(as_json)


def prepare(
    session: Session,
    request_file: Path | None,
    weights: str | None,
    label_map_file: Path | None,
    changes: Changes,
    seed: int | None,
    order: str | None = None,
) -> tuple[RenderRequest, StyleReader]:
    """The request in a file, or for a label map file, changed as the words say; and the reader of its styles."""
    from engine.cli.changes import changed, new_request, read_render_request
    from engine.cli.styles import StyleReader

    if request_file is not None:
        request = read_render_request(request_file)
        style_reader = StyleReader(session, request.weights, order)
    else:
        assert weights is not None and label_map_file is not None  # the command has seen to it
        style_reader = StyleReader(session, weights, order)
        request = new_request(weights, label_map_file, style_reader, order)
    request = changed(request, style_reader, changes)
    return (request if seed is None else request.replace(seed=seed)), style_reader
