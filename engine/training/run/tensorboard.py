"""Curves and sheets of a run for TensorBoard, if it is installed: RUN/tensorboard, beside stats.jsonl."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from engine.errors import NotSupported
from engine.pictures.images import read_image


class BoardWriter:
    """A callback of the loop that writes what it is told as TensorBoard's event files; a context that closes them.

    Raises NotSupported where the package tensorboard is not installed.
    """

    def __init__(self, run: Path) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise NotSupported(
                "TensorBoard is not installed; install it (pip install tensorboard) or leave out --tensorboard.",
                details=repr(error),
            ) from error
        self.run = run
        self._kind = SummaryWriter
        self._writer: Any = None

    def __enter__(self) -> BoardWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._writer is not None:
            self._writer.close()

    def __call__(self, event: str, facts: dict[str, Any]) -> None:
        """See `engine.training.loop.Callback`."""
        if event not in ("step", "validation", "samples"):
            return
        if self._writer is None:  # only once the run has a folder
            self._writer = self._kind(str(self.run / "tensorboard"), purge_step=facts["step"])
        step = facts["step"]
        if event == "step":
            for name, value in facts["losses"].items():
                self._writer.add_scalar(f"losses/{name}", value, step)
            self._writer.add_scalar("speed/images_per_second", facts["images_per_second"], step)
        elif event == "validation":
            for name, value in facts["numbers"].items():
                self._writer.add_scalar(f"validation/{name}", value, step)
        else:
            sheet = read_image(self.run / "samples" / facts["path"], max_side=8192).pixels
            self._writer.add_image("samples", np.ascontiguousarray(sheet), step, dataformats="HWC")
