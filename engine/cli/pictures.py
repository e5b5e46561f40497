"""`tessera make`, `inpaint` and `text`: pictures of a class out of noise, holes filled, sentences laid out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.cli.common import Device, JsonFlag, cancelling, check_target, progress
from engine.cli.request import perform
from engine.errors import BadRequest

if TYPE_CHECKING:
    from engine.requests.label_map_data import LabelMapData


def make(
    classes: Annotated[
        list[str],
        typer.Option("--class", metavar="NAME[=SHARE]", help="What is to be seen; several are mixed by their shares."),
    ],
    target: Annotated[Path, typer.Option("--out", help="Where the sheet goes: .png, .jpg ...")],
    weights: Annotated[
        str | None, typer.Option("--weights", help="Name or folder of weights that make pictures; the first of them.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the first picture; further ones have the next.")] = 0,
    count: Annotated[int, typer.Option("--n", min=1, help="Pictures on the sheet.")] = 1,
    truncation: Annotated[
        float, typer.Option("--truncation", min=0, help="How far noise may lie from 0: smaller is more typical.")
    ] = 0.0,
    columns: Annotated[int, typer.Option("--columns", min=0, help="Pictures in a row; a square unless given.")] = 0,
    device: Device = "auto",
    as_json: JsonFlag = False,
) -> None:
    """Make pictures of a class that weights have learnt, or of a mixture: --class sea --class forest=0.5."""
    from engine.cli.weights import weights_serving
    from engine.requests.make import MakeRequest

    check_target(target, MakeRequest.suffixes)
    shares = dict(_share(word) for word in classes)
    request = MakeRequest(
        weights_serving(MakeRequest, weights), shares, seed=seed, count=count, truncation=truncation, columns=columns
    )

    from engine.session import Session

    session = Session(device)
    with progress("making pictures", quiet=as_json) as on_progress, cancelling() as cancel:
        answer = perform(session, request, target, on_progress, cancel)
    answer.tell(as_json)


def _share(word: str) -> tuple[str, float]:
    """("sea", 0.5) of "sea=0.5", ("sea", 1.0) of "sea". Raises BadRequest."""
    name, separator, share_text = word.partition("=")
    try:
        share = float(share_text) if separator else 1.0
    except ValueError:
        share = -1.0
    if not name.strip() or not 0 < share < float("inf"):
        raise BadRequest('--class "{0}" should read NAME or NAME=SHARE, for example --class sea=0.5.', word)
    return name.strip(), share


def inpaint(
    photo: Annotated[Path, typer.Argument(metavar="IMAGE", help="A photo.")],
    mask: Annotated[Path, typer.Option("--mask", help="A picture of the photo's size, white where it is filled.")],
    target: Annotated[Path, typer.Option("--out", help="Where the photo goes: .png, .jpg, .webp or .tiff.")],
    weights: Annotated[
        str | None, typer.Option("--weights", help="Name or folder of weights that fill holes; the first unless given.")
    ] = None,
    from_texture: Annotated[
        bool, typer.Option("--texture", help="Fill from the photo's own texture, as without any such weights.")
    ] = False,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the first filling; further ones have the next.")] = 0,
    count: Annotated[int, typer.Option("--n", min=1, help="Fillings; further ones go to NAME-2, NAME-3 ...")] = 1,
    keep_place: Annotated[
        bool, typer.Option("--keep-place", help="Keep the place and the camera's serial numbers.")
    ] = False,
    device: Device = "auto",
    as_json: JsonFlag = False,
) -> None:
    """Fill a hole of a photo at its own size, from what is around it.

    Weights that fill holes paint it; where none are installed, it is put together from the photo's own texture. Every
    sample outside the hole is the file's own. Colour profile, EXIF, XMP and resolution are kept, IPTC in JPEG and
    TIFF; place and serial numbers are not.
    """
    from engine.cli.weights import installed_serving, weights_serving
    from engine.pictures.sniffing import check_photo
    from engine.requests.inpaint import BY_TEXTURE, InpaintRequest, candidate_file
    from engine.requests.photo_reference import PhotoReference

    check_target(target, InpaintRequest.suffixes)
    if any(candidate_file(target, number).resolve() in (photo.resolve(), mask.resolve()) for number in range(count)):
        raise BadRequest('"{0}" would be written over; choose another name for --out.', photo)
    check_photo(photo)
    if from_texture and weights is not None:
        raise BadRequest("--texture asks no weights; give it without --weights.")
    by_texture = from_texture or (weights is None and not installed_serving(InpaintRequest))
    weights_name = BY_TEXTURE if by_texture else weights_serving(InpaintRequest, weights)
    request = InpaintRequest(weights_name, PhotoReference.of(photo), read_mask(mask), seed=seed, count=count)

    from engine.session import Session

    session = Session(device)
    with progress("filling holes", quiet=as_json) as on_progress, cancelling() as cancel:
        answer = perform(session, request, target, on_progress, cancel, keep_place=keep_place)
    answer.tell(as_json)


def read_mask(path: Path) -> LabelMapData:
    """The hole that a picture shows, white on black. Raises BadFile."""
    from engine.pictures.images import read_image
    from engine.requests.label_map_data import LabelMapData

    pixels = read_image(path, max_side=1 << 16).pixels
    return LabelMapData.from_mask(pixels.mean(axis=2) >= 128)


def text(
    sentence: Annotated[str, typer.Argument(metavar="SENTENCE", help="What is to be seen, in English.")],
    target: Annotated[Path, typer.Option("--out", help="Where it goes: .json, or .png ... for a drawing.")],
    wanted: Annotated[
        str, typer.Option("--to", metavar="layout", help="What the sentence becomes: boxes with labels.")
    ] = "layout",
    weights: Annotated[
        str | None, typer.Option("--weights", help="Name or folder of weights that do it; the first unless given.")
    ] = None,
    domain: Annotated[
        str, typer.Option("--domain", help="The data set whose labels it has; what it sounds like unless given.")
    ] = "",
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of what the sentence leaves open.")] = 0,
    temperature: Annotated[
        float, typer.Option("--temperature", min=0, max=1, help="0 for the likeliest, 1 for the full variety.")
    ] = 0.4,
    device: Device = "auto",
    as_json: JsonFlag = False,
) -> None:
    """Lay a sentence out: "a street with three cars and a tree on the left" becomes boxes with labels."""
    from engine.cli.weights import weights_serving
    from engine.requests.layout import LayoutRequest

    if wanted != "layout":
        raise BadRequest('A sentence cannot become "{0}" yet; give --to layout.', wanted)
    check_target(target, LayoutRequest.suffixes)
    request = LayoutRequest("", sentence, domain, seed, temperature)  # a sentence that cannot be used is told first
    request = request.replace(weights=weights_serving(LayoutRequest, weights))

    from engine.session import Session

    session = Session(device)
    with progress("laying the sentence out", quiet=as_json) as on_progress, cancelling() as cancel:
        answer = perform(session, request, target, on_progress, cancel)
    answer.tell(as_json)
