"""Pictures one after the other: painted from requests, written as a GIF or as a sequence of PNG files.

A failure or a cancellation leaves nothing behind: files appear when all pictures are there. Until then long series wait
on the disk, not in memory.
"""

from __future__ import annotations

import io
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import overload

import numpy as np
from PIL import Image

from engine.errors import BadFile, BadRequest, Cancelled
from engine.files import PathLike, atomic_folder, cannot, write_bytes
from engine.pictures.images import write_image
from engine.progress import Progress
from engine.requests.json_text import to_json
from engine.requests.render import RenderRequest, RenderResult

Array = np.ndarray
COLOURS = 256
SECONDS_PER_FRAME = 0.1
PALETTE_PIXELS = 1 << 20
"""Pixels, of all frames together, that a GIF's palette is made from."""


Run = Callable[[RenderRequest, Progress, threading.Event], RenderResult]
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
    results = list(paint_each(run, requests, on_progress, cancel))
    all_notes = dict.fromkeys(note for result in results for note in result.notes)
    return [result.pixels for result in results], tuple(all_notes)


def paint_each(
    run: Run,
    requests: Sequence[RenderRequest],
    on_progress: Progress | None = None,
    cancel: threading.Event | None = None,
) -> Iterator[RenderResult]:
    """As `paint_all`, one result after the other, each painted when it is asked for."""
    cancel_event = cancel or threading.Event()
    for number, request in enumerate(requests):
        if cancel_event.is_set():
            raise Cancelled()

        def report(fraction: float, text: str, number: int = number) -> None:
            if on_progress is not None:
                on_progress((number + fraction) / len(requests), text)

        yield run(request, report, cancel_event)


class Spool(Sequence[Array]):
    """Pictures of one size in a temporary file, for series that would not fit into memory; a context manager.

    Raises BadFile where the temporary folder cannot hold them.
    """

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()
        self._shape: tuple[int, ...] = ()
        self._count = 0

    def append(self, picture: Array) -> None:
        """Add a picture, (H, W, 3) uint8, of the first one's size."""
        if self._count and picture.shape != self._shape:
            raise BadRequest("The pictures of an animation must have one size.")
        self._shape = picture.shape
        try:
            self._file.seek(self._count * picture.size)
            self._file.write(np.ascontiguousarray(picture, np.uint8).data)
            self._file.flush()
        except OSError as error:
            raise cannot("write", tempfile.gettempdir(), error) from error
        self._count += 1

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Array: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Array]: ...
    def __getitem__(self, index: int | slice) -> Array | Sequence[Array]:
        if isinstance(index, slice):
            return [self[position] for position in range(*index.indices(self._count))]
        number = range(self._count)[index]
        size = int(np.prod(self._shape))
        self._file.seek(number * size)
        return np.frombuffer(self._file.read(size), np.uint8).reshape(self._shape)

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


def gif_frames(pictures: int) -> int:
    """How many frames `write_gif` makes of that many pictures, there and back: the ends are not shown twice."""
    return max(pictures, 2 * pictures - 2)


def write_gif(
    path: PathLike, pictures: Sequence[Array], *, seconds_per_frame: float = SECONDS_PER_FRAME, back: bool = True
) -> None:
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
        raise BadFile('Cannot write "{0}": the name of an animation must end in .gif.', path)
    if not pictures:
        raise BadRequest("There is no picture to animate.")
    if not 0.02 <= seconds_per_frame <= 60:
        raise BadRequest("A frame cannot be shown for {0} seconds; give 0.02 to 60.", f"{seconds_per_frame:g}")
    palette = _palette(pictures)
    frame_order = list(range(len(pictures)))
    if back:
        frame_order += frame_order[-2:0:-1]
    palette_frames = (_frame(pictures[number], palette) for number in frame_order)
    buffer = io.BytesIO()
    duration = 10 * round(100 * seconds_per_frame)  # milliseconds, in GIF's hundredths of a second
    next(palette_frames).save(
        buffer, format="GIF", save_all=True, append_images=palette_frames, duration=duration, loop=0, optimize=False
    )
    write_bytes(path, buffer.getvalue())


def _frame(picture: Array, palette: Image.Image) -> Image.Image:
    colours = Image.fromarray(np.ascontiguousarray(picture))
    return colours.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)


def _palette(pictures: Sequence[Array]) -> Image.Image:
    """A palette for all pictures together, from evenly spread pixels of each.

    The octree keeps small regions' colours (lips), which the median cut gives up for many shades of the large ones,
    and takes a hundredth of the time.
    """
    spacing = max(1, sum(p.shape[0] * p.shape[1] for p in pictures) // PALETTE_PIXELS)
    pixels = np.concatenate([picture.reshape(-1, 3)[::spacing] for picture in pictures])
    side = int(np.ceil(np.sqrt(len(pixels))))
    square = np.resize(pixels, (side * side, 3)).reshape(side, side, 3)  # repeats pixels where it is not full
    return Image.fromarray(square).quantize(COLOURS, method=Image.Quantize.FASTOCTREE)


def write_sequence(
    folder: PathLike, pictures: Iterable[Array], requests: Sequence[RenderRequest] | None = None
) -> list[Path]:
    """Save pictures as frame-001.png, frame-002.png ... in a new (or empty) folder; gives back their paths.

    The folder appears when all are written; each is written as it comes. With `requests`, each file carries its own
    and opens as a document.

    Raises:
        BadFile: the folder is there with something in it, or cannot be written.
    """
    file_names: list[str] = []
    with atomic_folder(folder) as hidden_folder:
        for number, picture in enumerate(pictures):
            file_names.append(f"frame-{number + 1:03}.png")
            request_json = to_json(requests[number].as_in_file(Path(folder) / file_names[-1])) if requests else None
            write_image(hidden_folder / file_names[-1], picture, request_json=request_json)
    return [Path(folder) / file_name for file_name in file_names]
