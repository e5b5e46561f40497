"""What the training lane's thread runs: the engine's training, with a number of torch's threads of its own."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from app.jobs.preload import large_import, preload_torch
from engine.errors import Message

if TYPE_CHECKING:
    from app.jobs.training_lane import Link, Plan


def train(plan: Plan, link: Link) -> None:
    """The real trainer: prepares the run and trains it to its end. Raises EngineError kinds, Cancelled when stopped."""
    link.progress(0.0, Message("loading"))
    preload_torch()
    with large_import():
        from engine.devices import resolve
        from engine.training.start import prepare

    limit_threads(plan.threads or spare_threads())
    loop = prepare(
        plan.recipe,
        plan.data,
        plan.folder,
        resume=plan.resume,
        start_weights=plan.start,
        device=str(resolve(plan.device)),
        callbacks=[link.event],
        on_progress=link.progress,
        control=link.control,
    )
    link.prepared(loop)
    link.event("estimate", {"disk_bytes": loop.disk_bytes(), "data_bytes": loop.data_bytes()})
    loop.run()


def limit_threads(count: int) -> None:
    """Let torch compute with `count` threads in the calling thread, and with as many as before in all others.

    torch keeps the number for each thread that has computed already, but new threads begin with the last number that
    any thread has set: another thread sets that back.
    """
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count)
    back = threading.Thread(target=torch.set_num_threads, args=(before,), name="tessera-threads")
    back.start()
    back.join()


def spare_threads() -> int:
    """How many threads a training takes unless told: all cores but one, which the editor keeps."""
    from engine.devices import usable_cores

    return max(1, usable_cores() - 1)
