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
        dataset: the training split.
        batch_size, seed: see `DataSet.training_batch`.
        own_rows: the rows of each batch that this process works on.
        device: where batches are wanted.
        batch_count: number of batches in the whole run.
    """

    def __init__(
        self, dataset: DataSet, batch_size: int, seed: int, own_rows: np.ndarray, device: torch.device, batch_count: int
    ) -> None:
        self.dataset, self.batch_size, self.seed = dataset, batch_size, seed
        self.own_rows, self.device, self.batch_count = own_rows, device, batch_count
        worker_count = 1 if dataset.kept == len(dataset) else max(2, min(8, usable_cores()))
        self._ahead = worker_count + 1 if worker_count > 1 else 1
        self._pool = ThreadPoolExecutor(worker_count, thread_name_prefix="batches")
        self._coming: dict[int, Future[Batch]] = {}

    def __enter__(self) -> BatchesAhead:
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._coming.clear()
        self._pool.shutdown(cancel_futures=True)

    def get(self, step: int) -> Batch:
        """Batch number `step`. Raises BadFile, BadLabelMap for files that have gone or changed."""
        future = self._coming.pop(step, None)
        self._coming = {number: pending for number, pending in self._coming.items() if number > step}
        batch = self._make_batch(step) if future is None else future.result()
        for next_step in range(step + 1, min(step + 1 + self._ahead, self.batch_count)):
            if next_step not in self._coming:
                self._coming[next_step] = self._pool.submit(self._make_batch, next_step)
        return batch.to(self.device)

    def _make_batch(self, step: int) -> Batch:
        batch = self.dataset.training_batch(self.batch_size, self.seed, step, self.own_rows)
        return batch.pin() if self.device.type == "cuda" else batch
