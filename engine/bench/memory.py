"""Peak memory of painting, measured in a process of its own.

The process loads the network, renders the three edits twice and reports the most memory that it ever had resident
while painting, less what it had before it loaded the network. On Linux the high-water mark is reset once the network
is ready, so that what loading took for a moment does not hide what painting takes; elsewhere loading is included.
"""

from __future__ import annotations

import multiprocessing
import sys
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from engine.memory import resident_bytes

if TYPE_CHECKING:
    from engine.fast.generator import Precision

MEGABYTE = 1 << 20


def peak_megabytes(case_name: str, paint_kind: str, side: int | None = None) -> float:
    """Of a case painted by `paint_kind` ("literal", or fast in a precision), with a label map of `side` if given."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_measure, args=(sender, case_name, paint_kind, side))
    process.start()
    sender.close()
    try:
        return float(receiver.recv()) / MEGABYTE
    except EOFError:
        raise RuntimeError(f"measuring the memory of {case_name} ({paint_kind}) failed") from None
    finally:
        process.join()
        receiver.close()


def _measure(
    connection: Connection, case_name: str, paint_kind: Precision | Literal["literal"], side: int | None
) -> None:
    import torch

    from engine.bench.cases import at_size, find_case
    from engine.nn.blocks import channels_last

    torch.zeros(1).add_(1)
    bytes_before = resident_bytes()
    case = at_size(find_case(case_name), side)
    generator = channels_last(case.build(), "cpu")
    fast_painter = None if paint_kind == "literal" else case.bench.renderer(generator, release=True)
    reset_peak()
    for round_number in range(2):
        for edit in case.edits:
            label_map, codes = case.edit(edit, round_number)
            if paint_kind == "literal" or fast_painter is None:
                case.bench.literal(generator, label_map, codes)
            else:
                case.bench.fast(fast_painter, label_map, codes, paint_kind)
    connection.send(peak() - bytes_before)
    connection.close()


def peak() -> int:
    """Bytes that the process has had at most since `reset_peak`; psutil knows that on Windows only."""
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text("ascii").splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) * 1024
    import resource

    most_resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most_resident if sys.platform == "darwin" else most_resident * 1024


def reset_peak() -> None:
    """Start the high-water mark again (Linux only)."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
