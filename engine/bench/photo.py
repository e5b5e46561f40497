"""How long editing a photograph takes and how much memory: what `tessera bench photo` says.

The photo is drawn (no file is read), 12 megapixels large, with a portrait's regions; hair, the largest region that
people restyle often, takes half of it. Each measurement is the median of some runs in a process of its own. Painting is
the model's own time and is measured apart (`engine.bench.synthesis`).
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from statistics import median
from typing import Any

import cv2
import numpy as np

Array = np.ndarray

HEIGHT, WIDTH = 3000, 4000
FRAME = 256
VIEW = 1280
"""Longer side of the picture that is composed while the hand moves."""
REPEATS = 5
GROUND, HAIR, SKIN, LABELS = 0, 1, 2, 3


@dataclass(frozen=True)
class PhotoRow:
    """One measurement. limit: what it must stay below."""

    measure: str
    value: float
    unit: str
    limit: float

    @property
    def held(self) -> bool:
        """Whether the limit is kept."""
        return self.value <= self.limit


def measure(
    on_progress: Callable[[float, str], None] = lambda share, text: None, *, megapixels: float = 12.0
) -> list[PhotoRow]:
    """Measure in a process of its own. `megapixels`: of the photo; the promised limits are for 12."""
    on_progress(0.0, "a photo of 12 megapixels")
    context = multiprocessing.get_context("spawn")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_measure, args=(sending, megapixels))
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
    limits = (
        ("analysis", "s", 3.0),
        ("restyle at view size", "s", 0.15),
        ("at full size", "s", 1.0),
        ("memory", "GB", 1.5),
    )
    return [PhotoRow(name, value, unit, limit) for (name, unit, limit), value in zip(limits, values, strict=True)]


def as_table(rows: Sequence[PhotoRow]) -> str:
    """The measurements as a Markdown table."""
    lines = ["| 12 megapixels | value | at most | |", "|---|--:|--:|---|"]
    for row in rows:
        cells = (row.measure, f"{row.value:.3f} {row.unit}", f"{row.limit:g} {row.unit}", "" if row.held else "missed")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def drawn_photo(height: int, width: int) -> tuple[Array, Array]:
    """A photo (H, W, 3) uint8 with strands and noise, and its label map at `FRAME` pixels a side."""
    y, x = np.mgrid[0:FRAME, 0:FRAME] / FRAME
    label_map = np.full((FRAME, FRAME), GROUND, np.uint8)
    label_map[np.hypot(y - 0.5, x - 0.5) < 0.42] = HAIR
    label_map[np.hypot(y - 0.6, x - 0.5) < 0.16] = SKIN
    colours = np.array([(200, 210, 225), (60, 42, 30), (205, 160, 135)], np.uint8)[label_map]
    photo = cv2.resize(colours, (width, height), interpolation=cv2.INTER_CUBIC)
    rng = np.random.default_rng(0)
    for top in range(0, height, 256):
        strip = photo[top : top + 256]
        noise = rng.integers(0, 24, strip.shape, np.uint8)
        cv2.add(strip, noise, dst=strip)
    return photo, label_map


def _measure(answer: Connection, megapixels: float) -> None:
    from engine.bench.memory import peak, reset_peak
    from engine.compose.change import RegionChange, region_change, tones_of
    from engine.compose.composition import compose
    from engine.compose.mattes import region_mattes, soft_labels
    from engine.compose.samples import as_colours
    from engine.memory import resident_bytes

    scale = (megapixels * 1e6 / (HEIGHT * WIDTH)) ** 0.5
    height, width = round(HEIGHT * scale), round(WIDTH * scale)
    before = resident_bytes()
    photo, label_map = drawn_photo(height, width)
    view = cv2.resize(photo, (VIEW, round(VIEW * height / width)), interpolation=cv2.INTER_AREA)
    shares = (label_map[None] == np.arange(LABELS)[:, None, None]).astype(np.float32)
    shares = np.stack([cv2.GaussianBlur(plane, (0, 0), 2) for plane in shares])
    reset_peak()

    def analyse() -> tuple[Array, Any]:
        small = as_colours(cv2.resize(photo, (FRAME, FRAME), interpolation=cv2.INTER_AREA))
        return small, region_mattes(small, soft_labels(label_map, LABELS, shares), label_map, (HAIR,))

    small, mattes = analyse()
    style = tones_of(small, (label_map == SKIN).astype(np.float32))

    def restyle() -> RegionChange:
        return region_change(small, label_map, HAIR, mattes[HAIR], style)

    change = restyle()
    times = [
        _median(analyse),
        _median(lambda: compose(view, label_map, [restyle()])),
        _median(lambda: compose(photo, label_map, [change])),
    ]
    answer.send([*times, (peak() - before) / 1e9])
    answer.close()


def _median(job: Callable[[], object]) -> float:
    seconds = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        job()
        seconds.append(time.perf_counter() - started)
    return median(seconds)
