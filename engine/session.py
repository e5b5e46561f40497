"""The engine's front door: loads weights on demand, runs one request after the other, survives what goes wrong.

The editor, the command line and the tests call nothing deeper than this. A Session does one job at a time: any thread
may give it one, but never two at once (the editor lends its own to two workers in turns).
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import overload

import numpy as np
from torch import Tensor

from engine.devices import free_caches, is_out_of_memory, resolve
from engine.errors import BadRequest, Cancelled, EngineError, Message, OutOfMemory, WeightsError
from engine.labels.label_maps import check_label_map, read_label_map
from engine.labels.label_sets import LabelSet
from engine.painting.label_painter import Painter, StyleCodes
from engine.painting.sizes import Size, preview_sizes
from engine.pictures.closeup import close_up, reduced
from engine.pictures.images import read_image
from engine.requests.render import Detail, ParseRequest, RenderRequest
from engine.requests.styles import ImageStyle
from engine.systems.parser.photo_parser import PhotoParser
from engine.systems.shelf import Shelf
from engine.weights.card import Card

Array = np.ndarray
Progress = Callable[[float, str], None]
CODES = 64
"""Pictures whose style codes are kept (some 10 kB each)."""


@dataclass(frozen=True)
class RenderResult:
    """pixels (H, W, 3) uint8 sRGB at the label map's size; seconds taken; device id; notes for the user."""

    pixels: Array
    seconds: float
    device: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ParseResult:
    """label_map (H, W) uint8 at the photo's size; confidence 0..1; notes: warnings that a user should see."""

    label_map: Array
    confidence: float
    notes: tuple[str, ...] = ()
    seconds: float = 0.0


class Session:
    """Runs requests on one device.

    Args:
        device: "auto" or a device id (`engine.devices`).

    Raises:
        BadRequest, NotSupported: there is no such device.
    """

    def __init__(self, device: str = "auto") -> None:
        self.device = resolve(device)
        self._shelf = Shelf(self.device)
        self._codes: OrderedDict[tuple[str, ...], StyleCodes] = OrderedDict()

    # ------------------------------------------------------------------ weights

    def weights(self) -> list[Card]:
        """The cards of all usable weights, by name."""
        return self._shelf.cards()

    def parser_for(self, label_set: LabelSet) -> str | None:
        """Name of a parser for these labels, or None if there is none."""
        return self._shelf.parser_for(label_set)

    def load(self, name: str) -> Painter | PhotoParser:
        """The weights called `name`, read once. Raises WeightsError."""
        return self._shelf.load(name)

    def painter(self, name: str) -> Painter:
        """Weights that paint. Raises WeightsError if they are of another kind."""
        return self._shelf.painter(name)

    def unload(self) -> None:
        """Forget all weights and cached codes, and give memory back."""
        self._shelf.clear()
        self._codes.clear()
        free_caches(self.device)

    # ------------------------------------------------------------------ jobs

    @overload
    def run(
        self,
        request: RenderRequest,
        on_progress: Progress | None = None,
        cancel: threading.Event | None = None,
    ) -> RenderResult: ...
    @overload
    def run(
        self,
        request: ParseRequest,
        on_progress: Progress | None = None,
        cancel: threading.Event | None = None,
    ) -> ParseResult: ...

    def run(
        self,
        request: RenderRequest | ParseRequest,
        on_progress: Progress | None = None,
        cancel: threading.Event | None = None,
    ) -> RenderResult | ParseResult:
        """Do what the request says.

        Args:
            request: the job.
            on_progress: called with (fraction 0..1, what is being done).
            cancel: set it from any thread to stop within one block of the network.

        Raises:
            EngineError of some kind, its text fit for the user. After OutOfMemory and Cancelled the next job works.
        """

        told: tuple[int, str] | None = None

        def report(fraction: float, text: str) -> None:
            nonlocal told
            if cancel is not None and cancel.is_set():
                raise Cancelled()
            if on_progress is not None and (round(100 * fraction), text) != told:  # asked thousands of times a second
                told = round(100 * fraction), text
                on_progress(fraction, text)

        with self._guarded():
            if isinstance(request, RenderRequest):
                return self._render(request, report)
            if isinstance(request, ParseRequest):
                return self._parse(request, report)
        raise BadRequest("{0} is not a request that this version knows.", type(request).__name__)

    def sizes(self, weights: str, height: int, width: int, detail: Detail = "model") -> tuple[Size, list[Size]]:
        """At which size a label map is painted, and at which smaller ones a preview of it may be, largest first.

        Raises WeightsError, OutOfMemory.
        """
        with self._guarded():  # this reads the weights where they are new
            painter = self.painter(weights)
        exact = painter.painted_size(height, width, detail)
        previews = preview_sizes(height, width, painter.config.stride, painter.config.resolution)
        return exact, [size for size in previews if size != (height, width) and painter.painted_size(*size) == size]

    def encode(self, weights: str, pixels: Array, label_map: Array) -> StyleCodes:
        """Style codes of a picture (H, W, 3) uint8 with its label map (h, w); kept for the next time.

        The same picture and label map give the same codes from wherever they come (`engine.pictures.closeup`).
        """
        with self._guarded():
            painter = self.painter(weights)
            label_set, made_by = painter.label_set, painter.card.identity
            check_label_map(label_map, label_set, Message("the label map of the style picture"))
            pixels, label_map = close_up(pixels, label_map, label_set)
        digests = [hashlib.sha1(np.ascontiguousarray(a).tobytes()).hexdigest() for a in (pixels, label_map)]
        key = (weights, made_by, str(pixels.shape), str(label_map.shape), *digests)
        if key not in self._codes:
            with self._guarded():
                self._codes[key] = replace(painter.encode(pixels, label_map), made_by=made_by)
            while len(self._codes) > CODES:
                self._codes.popitem(last=False)
        self._codes.move_to_end(key)
        return self._codes[key]

    def codes(self, request: RenderRequest) -> Array:
        """The style codes that a request paints with: (L, K * D) float32, K > 1 where blocks have styles of their own.

        Raises MissingStyle, BadRequest, NotSupported, WeightsError, BadFile.
        """
        with self._guarded():
            found = self._codes_of(request, self.painter(request.weights), lambda fraction, text: None)[0]
        return found.permute(1, 0, 2).flatten(1).float().numpy()

    def _codes_of(self, request: RenderRequest, painter: Painter, report: Progress) -> tuple[Tensor, list[str]]:
        """The codes (K, L, D), and what a user should know about the pictures that they come from."""
        told: list[str] = []
        met: dict[tuple[str | None, ...], StyleCodes] = {}  # a picture that styles many labels is read and parsed once

        def encode(style: ImageStyle) -> tuple[Array, Array]:
            report(0.05, Message("reading styles"))
            key = style.path, style.label_map_path, style.label_map_png
            if key not in met:
                met[key], notes = self._encode_style(request.weights, painter.label_set, style)
                told.extend(notes)
            return met[key].codes, met[key].present

        return painter.codes_for(request, encode), told

    def _render(self, request: RenderRequest, report: Progress) -> RenderResult:
        started = time.perf_counter()
        report(0.0, Message("loading"))
        painter = self.painter(request.weights)
        codes, told = self._codes_of(request, painter, report)
        pixels, notes = painter.paint(request, codes, lambda n, of: report(0.1 + 0.9 * n / of, Message("painting")))
        report(1.0, Message("painted"))
        notes = tuple(dict.fromkeys([*told, *notes]))
        return RenderResult(pixels, time.perf_counter() - started, str(self.device), notes)

    def _encode_style(self, weights: str, label_set: LabelSet, style: ImageStyle) -> tuple[StyleCodes, list[str]]:
        """The codes of a style's picture, and what a user should know about its file and its regions."""
        file = read_image(style.path)
        pixels, notes = reduced(file.pixels), _notes_of(style.path, file.notes)
        label_map = style.label_map()
        if label_map is None and style.label_map_path is not None:
            found = read_label_map(style.label_map_path, label_set)
            label_map = found.label_map
            notes += _notes_of(style.label_map_path, found.notes)
        if label_map is None:
            parser = self.parser_for(label_set)
            if parser is None:
                raise WeightsError(
                    "No parser for the labels of '{0}' is installed; give the label map of \"{1}\" too.",
                    label_set.name, style.path,
                )
            label_map, _, warnings = self._shelf.photo_parser(parser).parse(pixels)
            notes += [Message('"{0}": {1}', Path(style.path).name, warning) for warning in warnings]
        return self.encode(weights, pixels, label_map), notes

    def _parse(self, request: ParseRequest, report: Progress) -> ParseResult:
        started = time.perf_counter()
        report(0.0, Message("loading"))
        parser = self._shelf.photo_parser(request.weights)
        file = request.image()
        pixels = file.pixels
        report(0.3, Message("finding regions"))
        label_map, confidence, notes = parser.parse(pixels)
        report(1.0, Message("parsed"))
        notes = (*_notes_of(request.path or "", file.notes), *notes)
        return ParseResult(label_map, confidence, notes, time.perf_counter() - started)

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Running out of memory frees everything and becomes one sentence; other failures keep their details."""
        try:
            yield
        except EngineError:
            raise
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            self.unload()
            raise OutOfMemory(
                "There was not enough memory on {0} for this job; close other programs, use a smaller label map or "
                "choose the CPU.",
                self.device, details=repr(error),
            ) from error


def _notes_of(path: str, notes: tuple[str, ...]) -> list[str]:
    """What a reader says of a file ("first of 12 frames used"), as sentences that name it."""
    name = Path(path).name or Message("the picture")
    return [Message('"{0}": {1}.', name, note) for note in notes]
