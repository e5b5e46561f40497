"""`tessera edit --crop`: a square of a photo that is looked at closer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.errors import BadRequest

if TYPE_CHECKING:
    from engine.pictures.face_frames import FaceFrame
    from engine.requests.edit import EditRequest

    RequestFor = Callable[[Path], EditRequest]

CropOption = Annotated[
    str | None,
    typer.Option(
        "--crop",
        metavar="X,Y,SIDE[,TURN]",
        help="A square of the photo that is looked at closer: its centre and side in pixels, and degrees clockwise.",
    ),
]


def square_of(crop: str, photo: Path, face: int | None) -> FaceFrame:
    """What --crop says, in pixels. Raises BadRequest: it says something else, or goes with --face or a folder."""
    from engine.pictures.face_frames import FaceFrame

    if photo.is_dir() or face is not None:
        raise BadRequest("--crop goes with one photo, and without --face.")
    try:
        numbers = [float(word) for word in crop.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) not in (3, 4) or not numbers[2] > 0:
        raise BadRequest('--crop "{0}" should be X,Y,SIDE or X,Y,SIDE,TURN: numbers of pixels, and degrees.', crop)
    return FaceFrame(*numbers)


def cropped(request_for: RequestFor, square: FaceFrame) -> RequestFor:
    """The same requests for one square of a photo, in its pixels; it is read for its size. Raises BadRequest: the
    square does not lie in the photo."""
    from engine.pictures.photos import read_photo

    def request_for_square(path: Path) -> EditRequest:
        height, width = read_photo(path).samples.shape[:2]
        if not (0 <= square.x <= width and 0 <= square.y <= height and square.side <= 2 * max(height, width)):
            raise BadRequest(
                '"{0}" is {1} x {2} pixels: --crop has its centre outside, or is too large.', path, width, height
            )
        return request_for(path).replace(face=square.scaled(1 / max(height, width)))

    return request_for_square
