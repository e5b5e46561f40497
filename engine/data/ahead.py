"""Training batches made ahead of the step that needs them, in threads of their own."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

import numpy as np
import torch

from engine.data.batch import Batch
from engine.data.dataset import DataSet
from engine.devices import usable_cores


class BatchesAhead:
    """The training batches of a run, on its device; a context that owns its threads.

    A batch follows from its number alone, whichever thread makes it and whenever. Where all pictures are decoded one
    thread keeps a batch ready; where they are read from the disk, several do.

    Args:
        data: the training split.
        size, seed: see `DataSet.training_batch`.
        rows: the rows of each batch that this process works on.
        device: where batches are wanted.
        last: number of batches in the whole run.
    """

    def __init__(
        self, data: DataSet, size: int, seed: int, rows: np.ndarray, device: torch.device, last: int
    ) -> None:
        self.data, self.size, self.seed, self.rows, self.device, self.last = data, size, seed, rows, device, last
        workers = 1 if data.kept == len(data) else max(2, min(8, usable_cores()))
        self._ahead = workers + 1 if workers > 1 else 1
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="batches")
        self._coming: dict[int, Future[Batch]] = {}

    def __enter__(self) -> BatchesAhead:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._coming.clear()
        self._pool.shutdown(cancel_futures=True)

    def get(self, step: int) -> Batch:
        """Batch number `step`. Raises BadFile, BadLabelMap for files that have gone or changed."""
        future = self._coming.pop(step, None)
        self._coming = {n: f for n, f in self._coming.items() if n > step}
        batch = self._make(step) if future is None else future.result()
        for number in range(step + 1, min(step + 1 + self._ahead, self.last)):
            if number not in self._coming:
                self._coming[number] = self._pool.submit(self._make, number)
        return batch.to(self.device)

    def _make(self, step: int) -> Batch:
        batch = self.data.training_batch(self.size, self.seed, step, self.rows)
        return batch.pin() if self.device.type == "cuda" else batch
