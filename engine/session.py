"""The engine's front door: performs requests one after the other, and survives what goes wrong.

The editor, the command line and the tests call nothing deeper than this. A session does one job at a time: any thread
may give it one, but never two at once (the editor lends its own to two workers in turns).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from engine.devices import free_caches, is_out_of_memory, resolve
from engine.errors import Cancelled, EngineError, Message, OutOfMemory
from engine.labels.label_sets import LabelSet
from engine.painting.painter import Painter, StyleCodes
from engine.painting.sizes import Size, preview_sizes
from engine.progress import Progress
from engine.requests.base import R, Request, Services
from engine.requests.kept import Kept
from engine.requests.render import Detail, RenderRequest
from engine.requests.style_pictures import StyleCodeCache, encode_picture
from engine.requests.styles import ImageStyle
from engine.systems.shelf import Shelf

Array = np.ndarray


class Session:
    """Performs requests on one device; weights, style codes and photos are kept for the next one.

    Args:
        device: "auto" or a device id (`engine.devices`).

    Raises:
        BadRequest, NotSupported: there is no such device.
    """

    def __init__(self, device: str = "auto") -> None:
        self.device = resolve(device)
        self._shelf = Shelf(self.device)
        self._codes = StyleCodeCache()
        self._kept = Kept()

    def run(
        self, request: Request[R], on_progress: Progress | None = None, cancel: threading.Event | None = None
    ) -> R:
        """Do what the request says.

        Args:
            request: the job, of any kind.
            on_progress: called with (fraction 0..1, what is being done).
            cancel: set it from any thread to stop within one block of the network.

        Raises:
            EngineError of some kind, its text fit for the user. After OutOfMemory and Cancelled the next job works.
        """
        services = self.services(cancel)
        last_reported: tuple[int, str] | None = None

        def report(fraction: float, text: str) -> None:
            nonlocal last_reported
            if services.cancel.is_set():
                raise Cancelled()
            progress = round(100 * fraction), text
            if on_progress is not None and progress != last_reported:  # called thousands of times a second
                last_reported = progress
                on_progress(fraction, text)

        with self.guarded():
            return request.run(services, report)

    def services(self, cancel: threading.Event | None = None) -> Services:
        """What requests work with here; `cancel` as in `run`."""
        return Services(self._shelf, self._codes, self._kept, self.device, cancel or threading.Event())

    # ------------------------------------------------------------------ what the editor asks between two jobs

    def sizes(self, weights: str, height: int, width: int, detail: Detail = "model") -> tuple[Size, list[Size]]:
        """At which size a label map is painted, and at which smaller ones a preview of it may be, largest first.

        Raises WeightsError, OutOfMemory.
        """
        with self.guarded():  # this reads the weights where they are new
            painter = self.painter(weights)
        exact_size = painter.painted_size(height, width, detail)
        previews = preview_sizes(height, width, painter.config.stride, painter.config.resolution)
        smaller = [size for size in previews if size != (height, width)]
        return exact_size, [size for size in smaller if painter.painted_size(*size) == size]

    def encode(self, weights: str, pixels: Array, label_map: Array) -> StyleCodes:
        """Style codes of a picture (H, W, 3) uint8 with its label map (h, w); kept for the next time.

        Raises as `StyleCodeCache.encode` does, and WeightsError, OutOfMemory.
        """
        with self.guarded():
            return self._codes.encode(self.painter(weights), pixels, label_map)

    def encode_picture(self, weights: str, style: ImageStyle) -> tuple[StyleCodes, tuple[str, ...]]:
        """Style codes of the picture that a style names, and notes for the user. Raises as the function does."""
        with self.guarded():
            codes, notes = encode_picture(self.services(), self.painter(weights), style)
        return codes, tuple(notes)

    # ------------------------------------------------------------------ weights

    def load(self, weights_name: str) -> Any:
        """The weights called `weights_name`, ready to use, read once. Raises WeightsError."""
        return self._shelf.load(weights_name)

    def painter(self, weights_name: str) -> Painter:
        """Weights that paint. Raises WeightsError if they do something else."""
        painter: Painter = self._shelf.serving(weights_name, RenderRequest)
        return painter

    def parser_for(self, label_set: LabelSet) -> str | None:
        """Name of installed weights that find label maps of these labels, or None if there are none."""
        return self._shelf.parser_for(label_set)

    def face_finder(self) -> str | None:
        """Name of installed weights that find faces in photos, or None if there are none."""
        return self._shelf.face_finder()

    def unload(self) -> None:
        """Forget all weights and all that is kept, and give memory back."""
        self._shelf.clear()
        self._codes.clear()
        self._kept.clear()
        free_caches(self.device)

    @contextmanager
    def guarded(self, sentence: Message | None = None) -> Iterator[None]:
        """Running out of memory frees everything and becomes OutOfMemory: `sentence`, or that the job was too
        large; other failures keep their details."""
        try:
            yield
        except EngineError:
            raise
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            self.unload()
            sentence = sentence or Message(
                "There was not enough memory on {0} for this job; close other programs, use a smaller label map or "
                "choose the CPU.",
                self.device,
            )
            raise OutOfMemory(sentence, details=repr(error)) from error
