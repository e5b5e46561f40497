"""Curves and sheets of a run for TensorBoard, if it is installed: RUN/tensorboard, beside stats.jsonl."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from engine.errors import NotSupported
from engine.pictures.images import read_image


class BoardWriter:
    """A callback of the loop that writes its events as TensorBoard's event files; a context that closes them.

    Raises NotSupported where the package tensorboard is not installed.
    """

    def __init__(self, run_folder: Path) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise NotSupported(
                "TensorBoard is not installed; install it (pip install tensorboard) or leave out --tensorboard.",
                details=repr(error),
            ) from error
        self.run = run_folder
        self._kind = SummaryWriter
        self._writer: Any = None

    def __enter__(self) -> BoardWriter:
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._writer is not None:
            self._writer.close()

    def __call__(self, event_name: str, event_facts: dict[str, Any]) -> None:
        """See `engine.training.loop.Callback`."""
        if event_name not in ("step", "validation", "samples"):
            return
        if self._writer is None:  # only once the run has a folder
            self._writer = self._kind(str(self.run / "tensorboard"), purge_step=event_facts["step"])
        step = event_facts["step"]
        if event_name == "step":
            for number_name, number in event_facts["losses"].items():
                self._writer.add_scalar(f"losses/{number_name}", number, step)
            self._writer.add_scalar("speed/images_per_second", event_facts["images_per_second"], step)
        elif event_name == "validation":
            for number_name, number in event_facts["numbers"].items():
                self._writer.add_scalar(f"validation/{number_name}", number, step)
        else:
            sheet_pixels = read_image(self.run / "samples" / event_facts["path"], max_side=8192).pixels
            self._writer.add_image("samples", np.ascontiguousarray(sheet_pixels), step, dataformats="HWC")
