"""`tessera bench synthesis`: the literal network against `engine.fast`, in one run.

For each case and edit, literal and fast paint the same pictures in turn, so that whatever else the machine does
falls on both; medians are reported. The floor is the time of the main path's convolutions alone, measured between
them: the fast path's own, fed with ready features in memory that has been touched before. Peak memory is that of a
process which does nothing else (`engine.bench.memory`).

Edits: "redraw" paints with nothing kept from before (label map and styles new), "brush" after one round stroke of
40 px (at 256 x 256) that was never seen, "style" after one label got a style that was never seen.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import msgspec
import torch

from engine.bench.cases import Case, at_size
from engine.bench.memory import peak_megabytes
from engine.errors import BadFile
from engine.fast.convolution import has_bfloat16
from engine.fast.generator import Precision
from engine.files import read_bytes
from engine.nn.blocks import channels_last
from engine.plain_data import parse_json
from engine.program import program
from engine.progress import Progress
from engine.systems.bench import Renderer

REPEATS = 5


@dataclass(frozen=True)
class Row:
    """One line of the answer; times in seconds (medians), memory in megabytes above an idle process.

    size: "height x width" of the label map.
    """

    case: str
    edit: str
    precision: str
    literal_s: float
    fast_s: float
    ratio: float
    max_abs_diff: float
    literal_peak_mb: float
    fast_peak_mb: float
    floor_s: float
    size: str = ""


def precisions() -> tuple[Precision, ...]:
    """Those that make sense on this machine."""
    return ("float32", "bfloat16") if has_bfloat16(torch.device("cpu")) else ("float32",)


def measure(
    case: Case,
    *,
    repeats: int = REPEATS,
    side: int | None = None,
    on_progress: Progress = lambda fraction, text: None,
) -> list[Row]:
    """All edits of a case in all precisions.

    Args:
        case: which network.
        repeats: pictures per edit.
        side: of the label map, if not the network's own.
        on_progress: gets a fraction and what is measured.

    Raises:
        EngineError: the network does not paint that size, or its weights do not fit.
    """
    case, paint_precisions = at_size(case, side), precisions()
    generator = channels_last(case.build(), "cpu")  # what is wrong with weights shows here
    on_progress(0, f"{case.name}: peak memory")
    peaks = {peak_kind: peak_megabytes(case.name, peak_kind, side) for peak_kind in ("literal", *paint_precisions)}
    fast_painter = case.bench.renderer(generator)
    case.bench.fast(fast_painter, case.label_map, case.codes, "float32")  # lays kernels out, touches memory
    case.bench.literal(generator, case.label_map, case.codes)
    rows = []
    for edit_index, edit in enumerate(case.edits):
        on_progress((edit_index + 1) / (len(case.edits) + 1), f"{case.name}: {edit}")
        rows += list(_measure_edit(case, generator, fast_painter, edit, paint_precisions, repeats, peaks))
    return rows


def _measure_edit(
    case: Case,
    generator: Any,
    fast_painter: Renderer,
    edit: str,
    paint_precisions: Sequence[Precision],
    repeats: int,
    peaks: dict[str, float],
) -> Iterator[Row]:
    literal_s: list[float] = []
    fast_s: dict[str, list[float]] = {precision: [] for precision in paint_precisions}
    floor_s: dict[str, list[float]] = {precision: [] for precision in paint_precisions}
    differences = dict.fromkeys(paint_precisions, 0.0)
    for edit_number in range(repeats):
        label_map, codes = case.edit(edit, edit_number)
        seconds, expected = timed(partial(case.bench.literal, generator, label_map, codes))
        literal_s.append(seconds)
        for precision in paint_precisions:
            _paint_before(fast_painter, case, edit, precision)
            paint = partial(case.bench.fast, fast_painter, label_map, codes, precision)
            seconds, picture = timed(paint)
            fast_s[precision].append(seconds)
            differences[precision] = max(differences[precision], float((picture - expected).abs().max()))
            floor_s[precision].append(fast_painter.floor(label_map.shape[0], label_map.shape[1], precision))
    for precision in paint_precisions:
        literal_median, fast_median = median(literal_s), median(fast_s[precision])
        yield Row(
            case=case.name,
            edit=edit,
            precision=precision,
            literal_s=literal_median,
            fast_s=fast_median,
            ratio=literal_median / fast_median,
            max_abs_diff=differences[precision],
            literal_peak_mb=peaks["literal"],
            fast_peak_mb=peaks[precision],
            floor_s=median(floor_s[precision]),
            size=f"{case.size[0]} x {case.size[1]}",
        )


def _paint_before(fast_painter: Renderer, case: Case, edit: str, precision: Precision) -> None:
    """What was on the screen before the edit; for a redraw nothing was."""
    fast_painter.clear()
    if edit != "redraw":
        case.bench.fast(fast_painter, case.label_map, case.codes, precision)


def timed(computation: Callable[[], torch.Tensor]) -> tuple[float, torch.Tensor]:
    """Seconds that `computation` took, and its result."""
    start_time = time.perf_counter()
    result = computation()
    return time.perf_counter() - start_time, result


def as_table(bench_rows: Sequence[Row]) -> str:
    """The rows as a Markdown table; "x floor" is the fast time in units of the floor."""
    table_lines = [
        "| case | size | edit | precision | literal s | fast s | ratio | floor s | x floor "
        "| difference | literal MB | fast MB |",
        "|---|---|---|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for row in bench_rows:
        table_lines.append(
            f"| {row.case} | {row.size} | {row.edit} | {row.precision} | {row.literal_s:.3f} "
            f"| {row.fast_s:.3f} | {row.ratio:.1f} | {row.floor_s:.3f} | {row.fast_s / row.floor_s:.2f} "
            f"| {row.max_abs_diff:.1e} | {row.literal_peak_mb:.0f} | {row.fast_peak_mb:.0f} |"
        )
    return "\n".join(table_lines)


def read_json(path: Path) -> list[Row]:
    """Rows that `engine.bench.rows` wrote. Raises BadFile."""
    try:
        return [msgspec.convert(row, Row) for row in parse_json(read_bytes(path))]
    except (BadFile, ValueError, TypeError) as error:
        raise BadFile(
            '"{0}" holds no rows of a benchmark; write them with "{1} bench synthesis --json FILE".',
            path, program(), details=str(error),
        ) from None
