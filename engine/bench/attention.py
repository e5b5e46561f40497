"""What attentive normalization costs beside self-attention, by the size of the map, for `tessera bench attention`.

The article gives O(n N H W C) for the one and O(N (H^2 W^2 C + H W C^2)) for the other (section 3.4). Each module runs
forward, as in use, on random maps of the inpainting network's width, in a process of its own, so that the memory
reported is that module's.
"""

from __future__ import annotations

import math
import multiprocessing
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from statistics import median

import psutil

from engine.progress import Progress

SIDES = (64, 128, 256, 512)
CHANNELS = 32  # as in the authors' own measurement
MEMORY_SHARE = 0.7
"""A module whose largest tensors need more than this share of the free memory is not run."""
MEGABYTE = 1 << 20
AN, SELF = "attentive normalization", "self-attention"


@dataclass(frozen=True)
class AttentionRow:
    """One module at one size: seconds of one map's pass (median), most memory of it; None where it was not run."""

    module: str
    side: int
    seconds: float | None
    megabytes: float | None


def measure(
    on_progress: Progress = lambda share, text: None,
    *,
    sides: Sequence[int] = SIDES,
    repeats: int = 5,
) -> list[AttentionRow]:
    """Both modules at maps of `sides` pixels a side."""
    rows: list[AttentionRow] = []
    cases = [(module, side) for side in sides for module in (AN, SELF)]
    for index, (module, side) in enumerate(cases):
        on_progress(index / len(cases), f"{module}, {side} x {side}")
        # Attention's table: each pixel by a quarter of the pixels, before and after the softmax.
        needed_bytes = 2 * 4 * side**2 * (side // 2) ** 2 if module == SELF else 0
        if needed_bytes > MEMORY_SHARE * psutil.virtual_memory().available:
            rows.append(AttentionRow(module, side, None, None))
        else:
            rows.append(AttentionRow(module, side, *_in_a_process(module, side, repeats)))
    on_progress(1.0, "")
    return rows


def growth(rows: Sequence[AttentionRow], module: str) -> float:
    """The power of the number of pixels that a module's seconds grow with, from its smallest measured size to its
    largest: 1 is linear. NaN with fewer than two sizes."""
    measured = [(row.side**2, row.seconds) for row in rows if row.module == module and row.seconds]
    if len(measured) < 2:
        return math.nan
    (few, quick), *_, (many, slow) = sorted(measured)
    return math.log(slow / quick) / math.log(many / few)


def as_table(rows: Sequence[AttentionRow]) -> str:
    """The measurements as a Markdown table, and how both grow."""
    lines = ["| map | AN | memory | self-attention | memory |", "|---|--:|--:|--:|--:|"]
    for side in sorted({row.side for row in rows}):
        cells = [f"{side} x {side}"]
        for module in (AN, SELF):
            row = next(row for row in rows if (row.module, row.side) == (module, side))
            seconds, megabytes = row.seconds, row.megabytes
            cells += ["too large" if seconds is None else f"{1000 * seconds:.1f} ms"]
            cells += ["" if megabytes is None else f"{megabytes:.0f} MB"]
        lines.append(f"| {' | '.join(cells)} |")
    grows = ", ".join(f"{module} pixels ^ {growth(rows, module):.2f}" for module in (AN, SELF))
    return "\n".join(lines) + f"\n\nSeconds grow with: {grows}\n"


def _in_a_process(module: str, side: int, repeats: int) -> tuple[float, float]:
    context = multiprocessing.get_context("spawn")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_measure, args=(sending, module, side, repeats))
    process.start()
    sending.close()
    try:
        seconds, used_bytes = receiving.recv()
        return float(seconds), used_bytes / MEGABYTE
    except EOFError:
        raise RuntimeError(f"measuring {module} at {side} x {side} failed") from None
    finally:
        process.join()
        receiving.close()


def _measure(connection: Connection, module_name: str, side: int, repeats: int) -> None:
    import torch

    from engine.bench.memory import peak, reset_peak
    from engine.memory import resident_bytes
    from engine.nn.attention import AttentiveNorm, SelfAttention

    torch.manual_seed(0)
    module = AttentiveNorm(CHANNELS) if module_name == AN else SelfAttention(CHANNELS)
    module.eval()
    x = torch.randn(1, CHANNELS, side, side)
    with torch.inference_mode():
        module(x[..., :8, :8])  # what the first pass of all sets up
        bytes_before = resident_bytes()
        reset_peak()
        timings = []
        for _ in range(repeats):
            started = time.perf_counter()
            module(x)
            timings.append(time.perf_counter() - started)
    connection.send((median(timings), max(0, peak() - bytes_before)))
    connection.close()
