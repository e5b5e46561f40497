"""Pictures one after the other: painted from requests, written as a GIF or as a sequence of PNG files.

Everything is written at once when all pictures are there: a failure or a cancellation leaves nothing behind.
"""

from __future__ import annotations

import io
import os
import secrets
import shutil
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from PIL import Image

from engine.errors import BadFile, BadRequest, Cancelled
from engine.files import PathLike, cannot, write_bytes
from engine.images import write_image
from engine.request import RenderRequest, to_json

Array = np.ndarray
Progress = Callable[[float, str], None]
COLOURS = 256
PALETTE_PIXELS = 1 << 20
"""Pixels, of all frames together, that a GIF's palette is made from."""


class _Result(Protocol):
    @property
    def pixels(self) -> Array: ...
    @property
    def notes(self) -> tuple[str, ...]: ...


Run = Callable[[RenderRequest, Progress, threading.Event], _Result]
"""`Session.run`, or what does the same."""


def paint_all(
    run: Run,
    requests: Sequence[RenderRequest],
    on_progress: Progress | None = None,
    cancel: threading.Event | None = None,
) -> tuple[list[Array], tuple[str, ...]]:
    """The pictures of requests, each (H, W, 3) uint8, and what a user should know about them, said once.

    Args:
        run: paints one request.
        on_progress: called with (fraction 0..1 of all, what is being done).
        cancel: set it from any thread to stop within one block of the network.

    Raises:
        EngineError of some kind, Cancelled among them.
    """
    stop = cancel or threading.Event()
    pictures: list[Array] = []
    notes: dict[str, None] = {}
    for n, request in enumerate(requests):
        if stop.is_set():
            raise Cancelled()

        def report(fraction: float, text: str, n: int = n) -> None:
            if on_progress is not None:
                on_progress((n + fraction) / len(requests), text)

        result = run(request, report, stop)
        pictures.append(result.pixels)
        notes.update(dict.fromkeys(result.notes))
    return pictures, tuple(notes)


def write_gif(path: PathLike, pictures: Sequence[Array], *, seconds_per_frame: float = 0.1, back: bool = True) -> None:
    """Save pictures (H, W, 3) uint8 of one size as a GIF that plays for ever. Atomic.

    Args:
        path: must end in .gif.
        pictures: the frames; all share one palette of 256 colours, so that nothing flickers which does not change.
        seconds_per_frame: 0.02 or more: GIF counts hundredths of a second, and players slow down faster ones.
        back: play the frames backwards as well, so that the end meets the beginning.

    Raises:
        BadFile: the name, or the place cannot be written. BadRequest: no picture, or a time that GIF cannot have.
    """
    if Path(path).suffix.lower() != ".gif":
        raise BadFile(f'Cannot write "{path}": the name of an animation must end in .gif.')
    if not pictures:
        raise BadRequest("There is no picture to animate.")
    if not 0.02 <= seconds_per_frame <= 60:
        raise BadRequest(f"{seconds_per_frame:g} seconds per frame cannot be had; give 0.02 to 60.")
    palette = _palette(pictures)
    frames = [
        Image.fromarray(np.ascontiguousarray(picture)).quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)
        for picture in pictures
    ]
    if back:
        frames += frames[-2:0:-1]
    buffer = io.BytesIO()
    duration = 10 * round(100 * seconds_per_frame)  # milliseconds, in GIF's hundredths of a second
    frames[0].save(
        buffer, format="GIF", save_all=True, append_images=frames[1:], duration=duration, loop=0, optimize=False
    )
    write_bytes(path, buffer.getvalue())


def _palette(pictures: Sequence[Array]) -> Image.Image:
    """A palette for all pictures together, from evenly spread pixels of each.

    The octree keeps small regions' colours (lips), which the median cut gives up for many shades of the large ones,
    and takes a hundredth of the time.
    """
    every = max(1, sum(p.shape[0] * p.shape[1] for p in pictures) // PALETTE_PIXELS)
    pixels = np.concatenate([picture.reshape(-1, 3)[::every] for picture in pictures])
    side = int(np.ceil(np.sqrt(len(pixels))))
    square = np.resize(pixels, (side * side, 3)).reshape(side, side, 3)  # repeats pixels where it is not full
    return Image.fromarray(square).quantize(COLOURS, method=Image.Quantize.FASTOCTREE)


def write_sequence(
    folder: PathLike, pictures: Sequence[Array], requests: Iterable[RenderRequest] | None = None
) -> list[Path]:
    """Save pictures as frame-001.png, frame-002.png ... in a new (or empty) folder; gives back their paths.

    The folder appears when all are written. With `requests`, each file carries its own and opens as a document.

    Raises:
        BadFile: the folder is there with something in it, or cannot be written.
    """
    target = Path(folder)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise BadFile(f'Cannot write "{target}": there is something of that name; choose a new folder.')
    digits = max(3, len(str(len(pictures))))
    names = [f"frame-{n + 1:0{digits}}.png" for n in range(len(pictures))]
    texts = [to_json(request) for request in requests] if requests is not None else [None] * len(pictures)
    hidden = target.absolute().parent / f".tessera-{secrets.token_hex(6)}.tmp"
    try:
        hidden.mkdir()
        for name, picture, text in zip(names, pictures, texts, strict=True):
            write_image(hidden / name, picture, request_json=text)
        if target.is_dir():
            target.rmdir()  # empty: a rename onto it fails on Windows
        os.replace(hidden, target)
    except OSError as error:
        raise cannot("write", target, error) from error
    finally:
        shutil.rmtree(hidden, ignore_errors=True)
    return [target / name for name in names]
