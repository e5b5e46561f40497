"""The ground a document stands on: its state, what can be read and heard of it, and its history.

What a user can do to it is in `app.document.document`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, QRect, Signal

from app.document.commands import FieldCommand, PixelCommand, ReplaceCommand
from app.document.label_pixels import LabelPixels, Stroke
from app.document.results import Result
from app.document.state import Origin, Precision, Snapshot, State, read_only
from app.document.undo import Command, PixelChange, UndoStack, record_change
from app.raster.strokes import Box
from app.texts.label_names import label_name
from engine.errors import BadRequest
from engine.labels.label_sets import LabelSet
from engine.requests.render import Detail, RenderRequest
from engine.requests.styles import BlockStyle, ImageStyle, MeanStyle, MixStyle, SampleStyle, Style

BACKGROUND = 0  # what the eraser paints
_STYLES = (MeanStyle, ImageStyle, SampleStyle, MixStyle, BlockStyle)


class DocumentBase(QObject):
    """Signals, properties and history. Commands use the methods that begin with an underscore."""

    label_map_changed = Signal(QRect)  # pixels of this rectangle of the image changed
    styles_changed = Signal(object)  # frozenset of label ids
    seed_changed = Signal(int)
    weights_changed = Signal(str)
    precision_changed = Signal(str)
    detail_changed = Signal(str)
    labels_changed = Signal(object)  # frozenset of label ids whose lock or visibility changed
    style_locks_changed = Signal(object)  # frozenset of label ids
    results_changed = Signal()  # kept pictures came, went or got a star; `replaced` may also bring others
    current_label_changed = Signal(int)
    replaced = Signal()  # label set, size, everything: bind anew (no other signal follows)
    picture_changed = Signal()
    path_changed = Signal()  # another file holds the document; `replaced` may also bring another path
    undo_changed = Signal()
    dirty_changed = Signal(bool)

    def __init__(self, state: State, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._undo = UndoStack()
        self._stroke: Stroke | None = None
        self._current_label = BACKGROUND
        self._dirty = False
        self.fingerprint_of: Callable[[str], str] = lambda weights: ""  # tells weights of one name apart
        self._bind(state)

    # ------------------------------------------------------------ what there is

    @property
    def label_map(self) -> np.ndarray:
        """(H, W) uint8, a read-only view that follows the document. Copy it to keep it."""
        return self._view

    @property
    def height(self) -> int:
        return int(self._view.shape[0])

    @property
    def width(self) -> int:
        return int(self._view.shape[1])

    @property
    def label_set(self) -> LabelSet:
        return self._state.label_set

    @property
    def weights(self) -> str:
        return self._state.weights

    @property
    def fingerprint(self) -> str:
        """Tells the weights from others that had their name before; "" where nothing is known of them."""
        return self.fingerprint_of(self._state.weights)

    @property
    def seed(self) -> int:
        return self._state.seed

    @property
    def precision(self) -> Precision:
        """What the engine computes with: "float32" or "bfloat16"."""
        return self._state.precision

    @property
    def detail(self) -> Detail:
        """How a map larger than the weights know is painted: "model" or "full" (`engine.requests.render`)."""
        return self._state.detail

    @property
    def styles(self) -> dict[int, Style]:
        """A copy. Labels that are missing have the mean style."""
        return dict(self._state.styles)

    def style(self, label: int) -> Style:
        """The style of one label; the mean style where none was chosen."""
        return self._state.styles.get(self._checked(label), MeanStyle())

    @property
    def picture(self) -> np.ndarray | None:
        """(H, W, 3) uint8, read-only: what the engine painted last; None before."""
        return self._state.picture

    @property
    def photo(self) -> np.ndarray | None:
        """(H, W, 3) uint8, read-only: the photo that is edited; None where there is none."""
        return self._state.photo

    @property
    def origin(self) -> Origin:
        """Which document this is: work for one document compares it, lest its result lands in another."""
        return self._state.origin

    @property
    def path(self) -> Path | None:
        """The file that holds this document, None while there is none."""
        return self._state.origin.path

    @property
    def areas(self) -> np.ndarray:
        """(256,) int64, read-only: number of pixels of each label id."""
        return read_only(self._pixels.areas)

    def area(self, label: int) -> float:
        """The share of the label map that a label covers, 0-1."""
        return float(self._pixels.areas[self._checked(label)]) / self._view.size

    @property
    def locked(self) -> frozenset[int]:
        """Labels whose pixels brush and fills leave alone."""
        return self._state.locked

    @property
    def hidden(self) -> frozenset[int]:
        """Labels that the overlay does not show."""
        return self._state.hidden

    @property
    def style_locked(self) -> frozenset[int]:
        """Labels whose style changes only when the user chooses one for that very label."""
        return self._state.style_locked

    @property
    def results(self) -> tuple[Result, ...]:
        """The pictures that the document keeps, oldest first."""
        return self._state.origin.results.entries

    @property
    def current_label(self) -> int:
        """The label that brush and bucket paint. A choice of the moment, no step of the history."""
        return self._current_label

    @property
    def stroking(self) -> bool:
        """Whether a stroke is open, between press and release."""
        return self._stroke is not None

    def snapshot(self) -> Snapshot:
        """What decides the picture, frozen now; `snapshot().to_request` may run in a worker."""
        state = self._state
        return Snapshot(
            weights=state.weights,
            label_map=read_only(state.label_map.copy()),
            styles=dict(state.styles),
            seed=state.seed,
            precision=state.precision,
            detail=state.detail,
            fingerprint=self.fingerprint,
            locked=state.locked,
            style_locked=state.style_locked,
        )

    def to_request(self) -> RenderRequest:
        """The request as the document stands. Compresses the label map: see `snapshot` for live rendering."""
        return self.snapshot().to_request()

    # ------------------------------------------------------------ history

    @property
    def undo_text(self) -> str:
        """What undo would take back, for the menu; empty where there is nothing."""
        return self._stroke.text if self._stroke is not None else self._undo.undo_text

    @property
    def redo_text(self) -> str:
        return self._undo.redo_text

    @property
    def dirty(self) -> bool:
        """Whether there are changes since the document was last saved."""
        return self._dirty

    def _push(self, command: Command) -> None:
        self._undo.push(command)
        self._announce()

    def _announce(self) -> None:
        """Tells what the history can do now, and whether the document is as it was saved."""
        self.undo_changed.emit()
        dirty = not self._undo.clean
        if dirty != self._dirty:
            self._dirty = dirty
            self.dirty_changed.emit(dirty)

    # ------------------------------------------------------------ checks

    def _checked(self, label: int, label_set: LabelSet | None = None) -> int:
        label_set = label_set or self._state.label_set
        whole = isinstance(label, (int, np.integer)) and not isinstance(label, bool)
        if not whole or not 0 <= label < len(label_set):
            sentence = self.tr("The label {0} is not in the label set “{1}”, whose ids are 0 to {2}.")
            raise BadRequest(sentence.format(label, label_set.name, len(label_set) - 1))
        return int(label)

    def _checked_style(self, style: Style | None) -> Style | None:
        """None for the mean style, so that equal documents hold equal styles."""
        if style is not None and not isinstance(style, _STYLES):
            sentence = self.tr("A style of the kind “{0}” is not known; choose a picture or the mean.")
            raise BadRequest(sentence.format(type(style).__name__))
        return None if isinstance(style, MeanStyle) else style

    def _label_name(self, label: int) -> str:
        """A label's name in the language of the application."""
        return label_name(self.label_set[label])

    # ------------------------------------------------------------ the doors that commands use

    def _record(self, before: np.ndarray, box: Box, text: str) -> bool:
        """Makes a step of what differs from `before`, (H, W). Returns whether anything does."""
        change = record_change(before=before, after=self._state.label_map, box=box)
        if change is None:
            return False
        self.label_map_changed.emit(qrect(change.box))
        self._push(PixelCommand(self, change, text))
        return True

    def _swap_pixels(self, change: PixelChange) -> PixelChange:
        other = self._pixels.swap(change)
        self.label_map_changed.emit(qrect(change.box))
        return other

    def _put_styles(self, styles: Mapping[int, Style | None]) -> None:
        for label, style in styles.items():
            if style is None:
                self._state.styles.pop(label, None)
            else:
                self._state.styles[label] = style
        self.styles_changed.emit(frozenset(styles))

    def _change_field(self, name: str, new: object, text: str, merge: Hashable | None = None) -> None:
        old = getattr(self._state, name)
        if old != new:
            self._set_field(name, new)
            self._push(FieldCommand(self, name, old=old, new=new, text=text, merge_key=merge))

    def _set_field(self, name: str, value: object) -> None:
        old = getattr(self._state, name)
        setattr(self._state, name, value)
        if name in ("locked", "hidden"):
            self._pixels.set_locked(self._state.locked)
            self.labels_changed.emit(frozenset(old) ^ frozenset(getattr(self._state, name)))
        elif name == "style_locked":
            self.style_locks_changed.emit(frozenset(old) ^ self._state.style_locked)
        else:
            getattr(self, f"{name}_changed").emit(value)

    def _replace(self, state: State, text: str) -> None:
        before = self._state
        self._put_state(state)
        self._push(ReplaceCommand(self, before, text))

    def _put_state(self, state: State) -> None:
        self._bind(state)
        self.replaced.emit()

    def _bind(self, state: State) -> None:
        self._state = state
        self._pixels = LabelPixels(state.label_map, state.locked)
        self._view = read_only(state.label_map)
        if self._current_label >= len(state.label_set):
            self._current_label = BACKGROUND


def qrect(box: Box) -> QRect:
    return QRect(box.x0, box.y0, box.width, box.height)
