"""`tessera render`: a picture from a request file, or from a label map and styles given as options."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.cli.common import Device, JsonFlag, cancelling, check_target, progress, say, say_json, tell
from engine.errors import BadRequest

if TYPE_CHECKING:
    from engine.request import RenderRequest
    from engine.session import Session

PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff")

LabelMapOption = Annotated[Path | None, typer.Option("--labels", help="Label map file to paint.")]
WeightsOption = Annotated[str | None, typer.Option("--weights", help="Name or folder of the weights.")]
StyleOption = Annotated[
    list[str] | None,
    typer.Option("--style", metavar="LABEL=FILE[@LABELMAP]", help="This label's style from that picture."),
]
StylesOption = Annotated[
    str | None,
    typer.Option("--styles", metavar="FILE[@LABELMAP]", help="Every style that this picture has."),
]
MixOption = Annotated[
    list[str] | None,
    typer.Option(
        "--mix",
        metavar="LABEL=FILE:AMOUNT",
        help="Mix that much (0 to 1, or beyond) of the picture's style into the label's.",
    ),
]
SeedOption = Annotated[int | None, typer.Option("--seed", help="Decides the noise; 0 unless given.")]


def render(
    out: Annotated[Path, typer.Option("--out", help="Where the picture goes: .png, .jpg, .webp or .tiff.")],
    request: Annotated[
        Path | None,
        typer.Argument(metavar="[REQUEST]", help="A request: JSON, or a PNG that Tessera exported."),
    ] = None,
    weights: WeightsOption = None,
    labels: LabelMapOption = None,
    style: StyleOption = None,
    styles: StylesOption = None,
    mix: MixOption = None,
    seed: SeedOption = None,
    device: Device = "auto",
    as_json: JsonFlag = False,
) -> None:
    """Paint a picture.

    Either from a request file, or from --weights and --labels with the styles that --styles (all regions
    of a picture), --style (one label, wins over --styles) and --mix (mixed into what the label then has)
    choose; a label without one has the weights' mean style. A PNG carries its request: given to
    `render` again, or dropped on the editor, it restores everything. Files whose names hold @, = or :
    are taken as they are if they exist.
    """
    check_target(out, PICTURE_SUFFIXES)
    _check_words(request, weights=weights, labels=labels, style=style, styles=styles, mix=mix)

    from engine.images import write_image
    from engine.request import to_json
    from engine.session import Session

    session = Session(device)
    with progress("reading", quiet=as_json) as report, cancelling() as cancel:
        if request is not None:
            from engine.cli.requests import read_render_request

            job = read_render_request(request)
            if seed is not None:
                job = job.replace(seed=seed)
        else:
            assert weights is not None and labels is not None  # _check_words has seen to it
            job = _request_from_words(session, weights, labels, style or [], styles, mix or [], seed or 0)
        result = session.run(job, on_progress=report, cancel=cancel)
    write_image(out, result.pixels, request_json=to_json(job))
    tell(result.notes)
    height, width = result.pixels.shape[:2]
    if as_json:
        answer = {"out": out, "width": width, "height": height, "seed": job.seed, "weights": job.weights}
        say_json({**answer, "seconds": result.seconds, "device": result.device, "notes": result.notes})
    else:
        say(f"{out}  {width} x {height}  {result.seconds:.2f} s on {result.device}")


def _check_words(request: Path | None, **words: object) -> None:
    given = [f"--{name}" for name, value in words.items() if value]
    if request is not None and given:
        raise BadRequest(f"A request file says everything itself; leave out {', '.join(given)}.")
    if request is None and not (words["weights"] and words["labels"]):
        raise BadRequest("render needs a request file, or both --weights and --labels.")


def _request_from_words(
    session: Session,
    weights: str,
    labels: Path,
    style: list[str],
    styles: str | None,
    mix: list[str],
    seed: int,
) -> RenderRequest:
    from engine.checkpoints.store import lasting_name
    from engine.cli.styles import StyleReader
    from engine.cli.words import split_label, split_mix, split_style_file
    from engine.labels import read_label_map
    from engine.request import MEAN, LabelMapData, MixStyle, RenderRequest, Style

    reader = StyleReader(session, weights)
    found = read_label_map(labels, reader.label_set)
    tell(found.notes)
    chosen: dict[int, Style] = {}
    if styles is not None:
        chosen.update(reader.all_of(split_style_file("--styles", styles)))
    for word in style:
        name, rest = split_label("--style", word)
        label = reader.label_set.find(name)
        chosen[label] = reader.one_of(split_style_file("--style", rest), label)
    for word in mix:
        name, file, amount = split_mix(word)
        label = reader.label_set.find(name)
        chosen[label] = MixStyle(chosen.get(label, MEAN), reader.one_of(file, label), amount)
    return RenderRequest(lasting_name(weights), LabelMapData.from_array(found.label_map), chosen, seed)
