"""The document: what the user edits, as an observable object. QtCore only, no widgets.

It is the one truth that panels and canvas bind to. Every change goes through a method here, is checked,
becomes one step of the history and is announced by a signal. Everything happens in the GUI thread.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import get_args

import numpy as np
from PySide6.QtCore import QLocale, QObject, QRect, Signal

from app.canvas import fill as fills
from app.canvas import strokes
from app.canvas.strokes import EMPTY, Box
from app.document.commands import FieldCommand, PixelCommand, ReplaceCommand, StylesCommand
from app.document.state import Precision, Snapshot, State, read_only
from app.document.undo import Command, PixelChange, PixelRuns, UndoStack, record_change
from engine.errors import BadRequest
from engine.labels import LabelSet, check_label_map, load_label_set
from engine.request import MAX_SEED, BlockStyle, ImageStyle, MeanStyle, MixStyle, RenderRequest, Style

BACKGROUND = 0  # what the eraser paints
_STYLES = (MeanStyle, ImageStyle, MixStyle, BlockStyle)


class Document(QObject):
    """Label map, styles, seed and weights with undo; the picture last painted; locks and visibility of
    labels.
    """

    label_map_changed = Signal(QRect)  # pixels of this rectangle of the image changed
    styles_changed = Signal(object)  # frozenset of label ids
    seed_changed = Signal(int)
    weights_changed = Signal(str)
    precision_changed = Signal(str)
    labels_changed = Signal(object)  # frozenset of label ids whose lock or visibility changed
    current_label_changed = Signal(int)
    replaced = Signal()  # label set, size, everything: bind anew (no other signal follows)
    picture_changed = Signal()
    undo_changed = Signal()
    dirty_changed = Signal(bool)

    def __init__(
        self,
        label_set: LabelSet | None = None,
        *,
        size: tuple[int, int] = (256, 256),
        weights: str = "",
        parent: QObject | None = None,
    ) -> None:
        """An empty document: the background label everywhere. `size` is (height, width)."""
        super().__init__(parent)
        label_set = label_set if label_set is not None else load_label_set("faces")
        self._state = State(label_set=label_set, label_map=np.zeros(size, np.uint8), weights=weights)
        self._undo = UndoStack()
        self._current_label = BACKGROUND
        self._stroke: _Stroke | None = None
        self._dirty = False
        self._announced = self._history()
        self._rebind()

    # ------------------------------------------------------------ what there is

    @property
    def label_map(self) -> np.ndarray:
        """(H, W) uint8, a read-only view that follows the document. Copy it to keep it."""
        return self._view

    @property
    def height(self) -> int:
        return int(self._state.label_map.shape[0])

    @property
    def width(self) -> int:
        return int(self._state.label_map.shape[1])

    @property
    def label_set(self) -> LabelSet:
        return self._state.label_set

    @property
    def weights(self) -> str:
        return self._state.weights

    @property
    def seed(self) -> int:
        return self._state.seed

    @property
    def precision(self) -> Precision:
        """What the engine computes with: "float32" or "bfloat16"."""
        return self._state.precision

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
        """(H, W, 3) uint8, read-only: the photo that is edited; None where the document did not begin with
        one.
        """
        return self._state.photo

    @property
    def areas(self) -> np.ndarray:
        """(256,) int64: number of pixels of each label id."""
        return read_only(self._areas)

    def area(self, label: int) -> float:
        """The share of the label map that a label covers, 0-1."""
        return float(self._areas[self._checked(label)]) / self._state.label_map.size

    @property
    def locked(self) -> frozenset[int]:
        """Labels whose pixels brush and fills leave alone."""
        return self._state.locked

    @property
    def hidden(self) -> frozenset[int]:
        """Labels that the overlay does not show."""
        return self._state.hidden

    @property
    def current_label(self) -> int:
        """The label that brush and bucket paint. A choice of the moment, no step of the history."""
        return self._current_label

    def set_current_label(self, label: int) -> None:
        label = self._checked(label)
        if label != self._current_label:
            self._current_label = label
            self.current_label_changed.emit(label)

    # ------------------------------------------------------------ strokes

    @property
    def stroking(self) -> bool:
        return self._stroke is not None

    def begin_stroke(self, label: int, *, text: str | None = None) -> None:
        """Starts a stroke; all of it until `end_stroke` is one step. A stroke still open is ended first."""
        label = self._checked(label)
        self.end_stroke()
        if text is None:
            text = self.tr("Paint {0}").format(self._label_name(label))
        self._stroke = _Stroke(label, text, self._state.label_map.copy())

    def stroke_to(self, points: Sequence[tuple[float, float]], radius: float | Sequence[float]) -> None:
        """Draws the round brush through `points` (continuous image coordinates), from where the stroke last
        was.

        `radius`: image pixels, one for all points or one for each (pen pressure); between points it changes
        evenly. The first point of a stroke paints a dot.
        """
        stroke = self._stroke
        if stroke is None:
            raise RuntimeError("stroke_to before begin_stroke")
        radii = (
            [float(radius)] * len(points) if isinstance(radius, (int, float)) else [float(r) for r in radius]
        )
        if len(radii) != len(points) or not np.isfinite(np.asarray([*radii, *np.ravel(points)], float)).all():
            raise BadRequest(
                "A brush stroke needs finite points and one radius, or one radius for each point."
            )
        dirty = EMPTY
        for (x, y), r in zip(points, radii, strict=True):
            r = min(strokes.MAX_DIAMETER / 2, max(strokes.MIN_DIAMETER / 2, r))
            start = stroke.last or (float(x), float(y), r)
            stroke.last = (float(x), float(y), r)
            box, mask = strokes.segment_mask(
                start=start[:2],
                end=(x, y),
                start_radius=start[2],
                end_radius=r,
                height=self.height,
                width=self.width,
            )
            dirty = dirty.union(self._paint(box, mask, stroke.label))
        stroke.box = stroke.box.union(dirty)
        if not dirty.empty:
            self.label_map_changed.emit(_qrect(dirty))

    def end_stroke(self) -> None:
        """Closes the stroke; it becomes one step if it changed anything."""
        stroke, self._stroke = self._stroke, None
        if stroke is not None:
            change = record_change(before=stroke.before, after=self._state.label_map, box=stroke.box)
            if change is not None:
                self._push(PixelCommand(self, change, stroke.text))

    def cancel_stroke(self) -> None:
        """Takes the open stroke back as if it had never begun."""
        stroke, self._stroke = self._stroke, None
        if stroke is not None and not stroke.box.empty:
            self._write(stroke.box, stroke.before[stroke.box.slices])
            self.label_map_changed.emit(_qrect(stroke.box))

    # ------------------------------------------------------------ other changes of pixels

    def fill(
        self,
        x: int,
        y: int,
        label: int,
        *,
        contiguous: bool = True,
        by_picture: bool = False,
        tolerance: int = 16,
    ) -> bool:
        """Bucket: paints `label` over the area around pixel (x, y) that has its label, or about its colour.

        By colour it looks at the photo, or else at the picture painted last. Returns whether anything
        changed.
        """
        label = self._checked(label)
        if not (0 <= x < self.width and 0 <= y < self.height):
            raise BadRequest(
                f"The point ({x}, {y}) lies outside the label map of {self.width} x {self.height} pixels."
            )
        colours = self._state.photo if self._state.photo is not None else self._state.picture
        if by_picture:
            if colours is None or colours.shape[:2] != self._state.label_map.shape:
                raise BadRequest(
                    "There is no picture of the label map's size to fill by colour: render it first."
                )
            mask = fills.colour_mask(picture=colours, x=x, y=y, tolerance=tolerance, contiguous=contiguous)
        else:
            mask = fills.label_mask(label_map=self._state.label_map, x=x, y=y, contiguous=contiguous)
        return self.apply_mask(mask, label, text=self.tr("Fill with {0}").format(self._label_name(label)))

    def apply_mask(self, mask: np.ndarray, label: int, *, text: str | None = None) -> bool:
        """Paints `label` where `mask`, (H, W) bool, is set, except over locked labels. Returns whether it
        changed.
        """
        label = self._checked(label)
        if mask.shape != self._state.label_map.shape:
            raise BadRequest(
                f"The selection is {mask.shape[1]} x {mask.shape[0]} pixels, the label map {self.width} x "
                f"{self.height}: make them the same size."
            )
        self.end_stroke()
        before = self._state.label_map.copy()
        box = self._paint(Box(0, 0, self.width, self.height), mask.astype(bool), label)
        return self._record(before, box, text or self.tr("Paint {0}").format(self._label_name(label)))

    def relabel(self, source: int, target: int) -> bool:
        """Gives a whole region another label. Returns whether anything changed; a locked region does not."""
        source, target = self._checked(source), self._checked(target)
        text = self.tr("Change {0} to {1}").format(self._label_name(source), self._label_name(target))
        return self.apply_mask(self._state.label_map == source, target, text=text)

    def replace_label_map(self, label_map: np.ndarray, *, text: str | None = None) -> None:
        """Takes another label map, (H, W) integers of this label set, of any size; locks do not hold it back.

        BadLabelMap names ids that the label set does not have. With another size the photo and the picture
        go.
        """
        new = self._checked_map(label_map)
        text = text or self.tr("Replace label map")
        self.end_stroke()
        if new.shape != self._state.label_map.shape:
            self._replace(replace(self._state, label_map=new, photo=None, picture=None), text)
            return
        before = self._state.label_map.copy()
        whole = Box(0, 0, self.width, self.height)
        self._write(whole, new)
        self._record(before, whole, text)

    # ------------------------------------------------------------ styles, seed, weights, label states

    def set_style(
        self, label: int, style: Style | None, *, text: str | None = None, merge: Hashable | None = None
    ) -> None:
        """Chooses the style of one label; None or MeanStyle is the weights' mean.

        Changes in a row with the same `merge` key make one step (a slider being dragged) until `end_merge`.
        """
        if text is None:
            text = self.tr("Style of {0}").format(self._label_name(self._checked(label)))
        self.set_styles({label: style}, text, merge=merge)

    def set_styles(
        self, styles: Mapping[int, Style | None], text: str | None = None, *, merge: Hashable | None = None
    ) -> None:
        """Chooses the styles of several labels in one step; labels that are not named keep theirs."""
        new: dict[int, Style | None] = {}
        for label, style in styles.items():
            if style is not None and not isinstance(style, _STYLES):
                raise BadRequest(f"A style of kind {type(style).__name__} is not known.")
            style = None if isinstance(style, MeanStyle) else style
            if self._state.styles.get(self._checked(label)) != style:
                new[label] = style
        if not new:
            return
        self.end_stroke()
        old = {label: self._state.styles.get(label) for label in new}
        self._put_styles(new)
        self._push(
            StylesCommand(self, old=old, new=new, text=text or self.tr("Change styles"), merge_key=merge)
        )

    def set_seed(self, seed: int, *, merge: Hashable | None = None) -> None:
        if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= MAX_SEED:
            raise BadRequest(f"The seed must be a whole number from 0 to {MAX_SEED}, not {seed!r}.")
        self._change_field("seed", seed, self.tr("Change seed"), merge)

    def set_weights(self, weights: str) -> None:
        """Paints with other weights of the same label set (for another label set make a new document)."""
        self._change_field("weights", str(weights), self.tr("Change weights"))

    def set_precision(self, precision: Precision) -> None:
        if precision not in get_args(Precision):
            raise BadRequest(self.tr("The precision must be float32 or bfloat16, not {0}.").format(precision))
        self._change_field("precision", precision, self.tr("Change precision"))

    def set_locked(self, label: int, locked: bool) -> None:
        name = self._label_name(self._checked(label))
        text = (self.tr("Lock {0}") if locked else self.tr("Unlock {0}")).format(name)
        rest = self._state.locked - {label}
        self._change_field("locked", rest | {label} if locked else rest, text)

    def set_visible(self, label: int, visible: bool) -> None:
        name = self._label_name(self._checked(label))
        text = (self.tr("Show {0}") if visible else self.tr("Hide {0}")).format(name)
        rest = self._state.hidden - {label}
        self._change_field("hidden", rest if visible else rest | {label}, text)

    def show_only(self, label: int) -> None:
        """Hides every other label; asked again for the same one, shows all."""
        others = frozenset(range(len(self.label_set))) - {self._checked(label)}
        if self._state.hidden == others:
            self._change_field("hidden", frozenset(), self.tr("Show all labels"))
        else:
            self._change_field("hidden", others, self.tr("Show only {0}").format(self._label_name(label)))

    def end_merge(self) -> None:
        """The slider was released: its next drag is a step of its own."""
        self._undo.seal()

    def set_picture(self, pixels: np.ndarray | None) -> None:
        """What the engine painted, (H, W, 3) uint8. A result, not a step of the history."""
        self._state.picture = None if pixels is None else self._checked_pixels(pixels, "picture")
        self.picture_changed.emit()

    # ------------------------------------------------------------ the whole document

    def new(
        self,
        *,
        label_set: LabelSet,
        label_map: np.ndarray,
        weights: str = "",
        styles: Mapping[int, Style] | None = None,
        seed: int = 0,
        precision: Precision = "float32",
        photo: np.ndarray | None = None,
        picture: np.ndarray | None = None,
        text: str | None = None,
        undoable: bool = True,
    ) -> None:
        """Becomes another document; all is checked before anything changes.

        `undoable`: the old one can be had back by undo; otherwise the history starts afresh and the document
        counts as saved (start of the application, opening a file).
        """
        check_label_map(label_map, label_set, self.tr("The new label map"))
        state = State(
            label_set=label_set,
            label_map=np.array(label_map, np.uint8, order="C"),
            weights=weights,
            styles={
                label: style for label, style in (styles or {}).items() if not isinstance(style, MeanStyle)
            },
            seed=seed,
            precision=precision,
            photo=None if photo is None else self._checked_pixels(photo, "photo"),
            picture=None if picture is None else self._checked_pixels(picture, "picture"),
        )
        for label, style in state.styles.items():
            self._checked(label, label_set)
            if not isinstance(style, _STYLES):
                raise BadRequest(f"A style of kind {type(style).__name__} is not known.")
        if not 0 <= seed <= MAX_SEED:
            raise BadRequest(f"The seed must be a whole number from 0 to {MAX_SEED}, not {seed!r}.")
        self.cancel_stroke()
        if undoable:
            self._replace(state, text or self.tr("New document"))
            return
        self._undo.clear()
        self._put_state(state)
        self._announce()

    def restore(
        self, request: RenderRequest, *, label_set: LabelSet | None = None, text: str | None = None
    ) -> None:
        """Takes everything that made a picture from its request; one step.

        `label_set`: that of the request's weights; without it, this document's.
        """
        self.new(
            label_set=label_set or self.label_set,
            label_map=request.label_map.array(),
            weights=request.weights,
            styles=dict(request.styles),
            seed=request.seed,
            precision=request.precision,
            text=text or self.tr("Restore from picture"),
        )

    def snapshot(self) -> Snapshot:
        """What decides the picture, frozen now; `snapshot().to_request` may run in a worker."""
        state = self._state
        return Snapshot(
            weights=state.weights,
            label_map=read_only(state.label_map.copy()),
            styles=dict(state.styles),
            seed=state.seed,
            precision=state.precision,
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

    def undo(self) -> None:
        """Takes one step back; in the middle of a stroke, takes back the stroke."""
        if self._stroke is not None:
            self.cancel_stroke()
        elif self._undo.undo():
            self._announce()

    def redo(self) -> None:
        self.end_stroke()
        if self._undo.redo():
            self._announce()

    @property
    def dirty(self) -> bool:
        """Whether there are changes since the document was last saved."""
        return self._dirty

    def mark_saved(self, saved: bool = True) -> None:
        """The document as it stands is what the file holds; False: no file holds it (after recovery)."""
        self.end_stroke()
        self._undo.set_clean(saved)
        self._announce()

    # ------------------------------------------------------------ inside: checks

    def _checked(self, label: int, label_set: LabelSet | None = None) -> int:
        label_set = label_set or self._state.label_set
        whole = isinstance(label, (int, np.integer)) and not isinstance(label, bool)
        if not whole or not 0 <= label < len(label_set):
            sentence = self.tr("The label {0} is not in the label set “{1}”, whose ids are 0 to {2}.")
            raise BadRequest(sentence.format(label, label_set.name, len(label_set) - 1))
        return int(label)

    def _checked_map(self, label_map: np.ndarray) -> np.ndarray:
        check_label_map(label_map, self.label_set, self.tr("The new label map"))
        return np.array(label_map, np.uint8, order="C")

    @staticmethod
    def _checked_pixels(pixels: np.ndarray, what: str) -> np.ndarray:
        if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
            raise BadRequest(f"The {what} must be an array of (height, width, 3) bytes, not {pixels.shape}.")
        return read_only(np.ascontiguousarray(pixels))

    def _label_name(self, label: int) -> str:
        """A label's name in the language of the application."""
        entry = self.label_set[label]
        return entry.name_zh if QLocale().language() == QLocale.Language.Chinese else entry.name

    # ------------------------------------------------------------ inside: the doors that commands use

    def _paint(self, box: Box, mask: np.ndarray, label: int) -> Box:
        """Writes `label` where `mask` is set in `box`, except over locks. Returns where it changed."""
        if box.empty:
            return EMPTY
        block = self._state.label_map[box.slices]
        changed = mask & (block != label)
        if self._state.locked:
            changed &= ~self._locked_table[block]
        lost = np.bincount(block[changed], minlength=256)
        if not lost.any():
            return EMPTY
        self._areas -= lost
        self._areas[label] += int(lost.sum())
        np.copyto(block, np.uint8(label), where=changed)
        return box

    def _write(self, box: Box, values: np.ndarray) -> None:
        block = self._state.label_map[box.slices]
        self._areas += np.bincount(values.ravel(), minlength=256) - np.bincount(block.ravel(), minlength=256)
        block[...] = values

    def _record(self, before: np.ndarray, box: Box, text: str) -> bool:
        change = record_change(before=before, after=self._state.label_map, box=box)
        if change is None:
            return False
        self.label_map_changed.emit(_qrect(change.box))
        self._push(PixelCommand(self, change, text))
        return True

    def _swap_pixels(self, change: PixelChange) -> PixelChange:
        """Puts the kept values back; returns what they replaced."""
        values, changed = change.runs.decode()
        block = self._state.label_map[change.box.slices]
        other = PixelChange(change.box, PixelRuns(old=block, changed=changed))
        self._write(change.box, np.where(changed, values, block))
        self.label_map_changed.emit(_qrect(change.box))
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
        if old == new:
            return
        self.end_stroke()
        self._set_field(name, new)
        self._push(FieldCommand(self, name, old=old, new=new, text=text, merge_key=merge))

    def _set_field(self, name: str, value: object) -> None:
        old = getattr(self._state, name)
        setattr(self._state, name, value)
        if name == "seed":
            self.seed_changed.emit(self._state.seed)
        elif name == "weights":
            self.weights_changed.emit(self._state.weights)
        elif name == "precision":
            self.precision_changed.emit(self._state.precision)
        else:
            self._locked_table = _table(self._state.locked)
            self.labels_changed.emit(frozenset(old) ^ frozenset(getattr(self._state, name)))

    def _replace(self, state: State, text: str) -> None:
        before = self._state
        self._put_state(state)
        self._push(ReplaceCommand(self, before, text))

    def _put_state(self, state: State) -> None:
        self._state = state
        self._rebind()
        self.replaced.emit()

    def _rebind(self) -> None:
        self._view = read_only(self._state.label_map)
        self._areas = np.bincount(self._state.label_map.ravel(), minlength=256)
        self._locked_table = _table(self._state.locked)
        if self._current_label >= len(self.label_set):
            self._current_label = BACKGROUND

    def _push(self, command: Command) -> None:
        self._undo.push(command)
        self._announce()

    def _history(self) -> tuple[str, str, int, int]:
        undo = self._undo
        return undo.undo_text, undo.redo_text, undo.count, undo.redo_count

    def _announce(self) -> None:
        history = self._history()
        if history != self._announced:
            self._announced = history
            self.undo_changed.emit()
        dirty = not self._undo.clean
        if dirty != self._dirty:
            self._dirty = dirty
            self.dirty_changed.emit(dirty)


class _Stroke:
    """A stroke between press and release."""

    def __init__(self, label: int, text: str, before: np.ndarray) -> None:
        self.label = label
        self.text = text
        self.before = before  # the label map as it was at the press
        self.box = EMPTY
        self.last: tuple[float, float, float] | None = None  # x, y, radius


def _qrect(box: Box) -> QRect:
    return QRect(box.x0, box.y0, box.width, box.height)


def _table(labels: frozenset[int]) -> np.ndarray:
    table = np.zeros(256, dtype=bool)
    table[list(labels)] = True
    return table
