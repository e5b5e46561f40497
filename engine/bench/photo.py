"""How long editing a photograph takes and how much memory: what `tessera bench photo` says.

The photo is drawn, with a portrait's regions, and lies in a JPEG file of 12 megapixels; hair, the largest region that
people restyle often, takes half of it. It is edited as the editor and the command line do it, by requests to one
session, in a process of its own. The edit is a colour, so no picture is painted: that is the model's own time and is
measured apart (`engine.bench.synthesis`). Loading weights is left out too; the parser's work counts.
"""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median

import cv2
import numpy as np
from PIL import Image

from engine.errors import WeightsError
from engine.labels.label_sets import LabelSet
from engine.progress import Progress

Array = np.ndarray

HEIGHT, WIDTH = 3000, 4000
VIEW = 1280
"""Longer side of the picture that is composed while the hand moves."""
DRAWN_SIDE = 256
REPEATS = 5
BEHIND, HAIR, SKIN = "background", "hair", "skin"
LIMITS = (
    ("analysis and first restyle", "s", 3.0),
    ("restyle at view size", "s", 0.15),
    ("at full size", "s", 1.0),
    ("memory", "GB", 1.5),
)


@dataclass(frozen=True)
class PhotoRow:
    """One measurement. limit: what it must stay below. cpu: processor seconds of all threads, None for memory."""

    measure: str
    value: float
    unit: str
    limit: float
    cpu: float | None = None

    @property
    def held(self) -> bool:
        """Whether the limit is kept."""
        return self.value <= self.limit


def measure(
    on_progress: Progress = lambda share, text: None, *, weights: str, megapixels: float = 12.0
) -> list[PhotoRow]:
    """Measure in a process of its own.

    weights: a painter with the labels background, hair and skin. megapixels: of the photo; the promised limits are
    for 12.

    Raises WeightsError: there are no such weights.
    """
    on_progress(0.0, "a photo of 12 megapixels")
    context = multiprocessing.get_context("spawn")
    receiving, sending = context.Pipe(duplex=False)
    with tempfile.TemporaryDirectory() as folder:
        process = context.Process(target=_measure, args=(sending, Path(folder), weights, megapixels))
        process.start()
        sending.close()
        try:
            values = receiving.recv()
        except EOFError:
            raise RuntimeError("measuring the editing of a photo failed") from None
        finally:
            process.join()
            receiving.close()
    on_progress(1.0, "a photo of 12 megapixels")
    if isinstance(values, WeightsError):
        raise values
    return [
        PhotoRow(name, seconds, unit, limit, cpu)
        for (name, unit, limit), (seconds, cpu) in zip(LIMITS, values, strict=True)
    ]


def as_table(rows: Sequence[PhotoRow]) -> str:
    """In Markdown, with the most that each measurement may be."""
    lines = ["| 12 megapixels | value | at most | processor | |", "|---|--:|--:|--:|---|"]
    for row in rows:
        processor = "" if row.cpu is None else f"{row.cpu:.3f} s"
        verdict = "" if row.held else "missed"
        cells = (row.measure, f"{row.value:.3f} {row.unit}", f"{row.limit:g} {row.unit}", processor, verdict)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def drawn_photo(height: int, width: int, label_set: LabelSet) -> tuple[Array, Array]:
    """A photo (H, W, 3) uint8 with noise, and its label map at `DRAWN_SIDE` pixels a side."""
    y, x = np.mgrid[0:DRAWN_SIDE, 0:DRAWN_SIDE] / DRAWN_SIDE
    label_map = np.full((DRAWN_SIDE, DRAWN_SIDE), label_set.find(BEHIND), np.uint8)
    label_map[np.hypot(y - 0.5, x - 0.5) < 0.42] = label_set.find(HAIR)
    label_map[np.hypot(y - 0.6, x - 0.5) < 0.16] = label_set.find(SKIN)
    colours = np.zeros((256, 3), np.uint8)
    for name, colour in ((BEHIND, (200, 210, 225)), (HAIR, (60, 42, 30)), (SKIN, (205, 160, 135))):
        colours[label_set.find(name)] = colour
    photo = cv2.resize(colours[label_map], (width, height), interpolation=cv2.INTER_CUBIC)
    rng = np.random.default_rng(0)
    for top in range(0, height, 256):
        strip = photo[top : top + 256]
        noise = rng.integers(0, 24, strip.shape, np.uint8)
        cv2.add(strip, noise, dst=strip)
    return photo, label_map


def _measure(answer: Connection, folder: Path, weights: str, megapixels: float) -> None:
    from engine.bench.memory import peak, reset_peak
    from engine.requests.edit import EditRequest, RegionEdit
    from engine.requests.label_map_data import LabelMapData
    from engine.requests.photo_reference import PhotoReference
    from engine.requests.styles import ColourStyle
    from engine.session import Session

    session = Session("cpu")
    try:
        label_set: LabelSet = session.painter(weights).label_set
        if (parser_name := session.parser_for(label_set)) is not None:
            session.load(parser_name)
    except WeightsError as error:
        answer.send(error)
        return
    scale = (megapixels * 1e6 / (HEIGHT * WIDTH)) ** 0.5
    photo, label_map = drawn_photo(round(HEIGHT * scale), round(WIDTH * scale), label_set)
    Image.fromarray(photo).save(folder / "photo.jpg", quality=95)
    del photo
    request = EditRequest(
        weights,
        PhotoReference.of(folder / "photo.jpg"),
        (RegionEdit(label_set.find(HAIR), ColourStyle("#c09050")),),
        LabelMapData.from_array(label_map),
    )
    strengths = iter(np.linspace(1, 0.1, 4 * REPEATS).tolist())

    def restyle(view: int) -> None:
        edit = request.edits[0].replace(strength=next(strengths))
        session.run(request.replace(edits=(edit,), view=view))

    reset_peak()
    first = _seconds(lambda: restyle(VIEW), 1)
    times = [first, _seconds(lambda: restyle(VIEW), REPEATS), _seconds(lambda: restyle(0), REPEATS)]
    answer.send([*times, (peak() / 1e9, None)])
    answer.close()


def _seconds(job: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Medians of the seconds that a job takes by the clock and on the processor, all threads together."""
    clock, processor = [], []
    for _ in range(repeats):
        started, worked = time.perf_counter(), time.process_time()
        job()
        clock.append(time.perf_counter() - started)
        processor.append(time.process_time() - worked)
    return median(clock), median(processor)
