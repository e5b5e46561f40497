"""The document: what the user edits, as an observable object. QtCore only, no widgets.

It is the one truth that panels and canvas bind to. Every change goes through a method here, is checked,
becomes one step of the history and is announced by a signal. Everything happens in the GUI thread.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import replace
from typing import get_args

import numpy as np
from PySide6.QtCore import QObject

from app.document.base import qrect
from app.document.commands import PixelCommand, StylesCommand
from app.document.label_pixels import Stroke
from app.document.state import Precision, State, checked_picture
from app.document.whole import WholeDocument
from app.raster import fill as fills
from engine.errors import BadRequest
from engine.labels.label_maps import check_label_map
from engine.labels.label_sets import LabelSet, load_label_set
from engine.requests.render import Detail
from engine.requests.styles import Style


class Document(WholeDocument):
    """Label map, styles, seed and weights with undo; locks and visibility of labels; the last picture.

    Wrong input raises BadRequest or BadLabelMap and changes nothing.
    """

    def __init__(
        self,
        label_set: LabelSet | None = None,
        *,
        size: tuple[int, int] = (256, 256),
        weights: str = "",
        parent: QObject | None = None,
    ) -> None:
        """An empty document: the background label everywhere. `size` is (height, width)."""
        label_set = label_set if label_set is not None else load_label_set("faces")
        super().__init__(State(label_set, np.zeros(size, np.uint8), weights), parent)

    def set_current_label(self, label: int) -> None:
        label = self._checked(label)
        if label != self._current_label:
            self._current_label = label
            self.current_label_changed.emit(label)

    # ------------------------------------------------------------ strokes

    def begin_stroke(self, label: int, *, text: str | None = None) -> None:
        """Starts a stroke; all of it until `end_stroke` is one step. A stroke still open is ended first."""
        label = self._checked(label)
        self.end_stroke()
        text = text or self.tr("Paint {0}").format(self._label_name(label))
        self._stroke = Stroke(self._pixels, label, text)
        self._announce()

    def stroke_to(self, points: Sequence[tuple[float, float]], radius: float | Sequence[float]) -> None:
        """Draws the round brush through `points` (continuous image coordinates), from where it last was.

        `radius`: image pixels, one for all points or one for each (pen pressure); in between it changes
        evenly. The first point of a stroke paints a dot. Without an open stroke nothing happens: it may have
        been taken back while the button was still down.
        """
        if self._stroke is None:
            return
        radii = [float(radius)] * len(points) if isinstance(radius, (int, float)) else [float(r) for r in radius]
        places = [(float(x), float(y)) for x, y in points]
        if len(radii) != len(places) or not np.isfinite([*radii, *np.ravel(places)]).all():
            raise BadRequest(self.tr("A brush stroke needs finite points and a radius for each of them."))
        dirty = self._stroke.extend(places, radii)
        if not dirty.empty:
            self.label_map_changed.emit(qrect(dirty))

    def end_stroke(self) -> None:
        """Closes the stroke; it becomes one step if it changed anything."""
        stroke, self._stroke = self._stroke, None
        if stroke is None:
            return
        change = stroke.change()
        if change is not None:
            self._push(PixelCommand(self, change, stroke.text))
        else:
            self._announce()

    def cancel_stroke(self) -> None:
        """Takes the open stroke back as if it had never begun."""
        stroke, self._stroke = self._stroke, None
        if stroke is not None:
            box = stroke.take_back()
            if not box.empty:
                self.label_map_changed.emit(qrect(box))
            self._announce()

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

        By colour it looks at the picture painted last, or before there is one at the photo; `tolerance` is
        0-255 in each channel. Returns whether anything changed.
        """
        label = self._checked(label)
        if not (0 <= x < self.width and 0 <= y < self.height):
            sentence = self.tr("The point ({0}, {1}) lies outside the label map of {2} x {3} pixels.")
            raise BadRequest(sentence.format(x, y, self.width, self.height))
        if by_picture:
            colours = self.picture if self.picture is not None else self.photo
            if colours is None or colours.shape[:2] != self.label_map.shape:
                raise BadRequest(
                    self.tr("There is no picture to take the colour from; wait for the picture, then fill again.")
                )
            mask = fills.colour_mask(picture=colours, x=x, y=y, tolerance=tolerance, contiguous=contiguous)
        else:
            mask = fills.label_mask(label_map=self._state.label_map, x=x, y=y, contiguous=contiguous)
        return self.apply_mask(mask, label, text=self.tr("Fill with {0}").format(self._label_name(label)))

    def apply_mask(self, mask: np.ndarray, label: int, *, text: str | None = None) -> bool:
        """Paints `label` where `mask`, (H, W) bool, is set, except over locked labels.

        Returns whether anything changed.
        """
        label = self._checked(label)
        if mask.shape != self.label_map.shape:
            sentence = self.tr("The selection has {0} x {1} pixels, but the label map {2} x {3}; select again.")
            raise BadRequest(sentence.format(*mask.shape[::-1], self.width, self.height))
        self.end_stroke()
        before = self._state.label_map.copy()
        box = self._pixels.paint(self._pixels.whole, mask.astype(bool), label)
        return self._record(before, box, text or self.tr("Paint {0}").format(self._label_name(label)))

    def relabel(self, source: int, target: int) -> bool:
        """Gives a whole region another label. Returns whether anything changed; a locked region does not."""
        source, target = self._checked(source), self._checked(target)
        names = self._label_name(source), self._label_name(target)
        return self.apply_mask(self.label_map == source, target, text=self.tr("Change {0} to {1}").format(*names))

    def replace_label_map(self, label_map: np.ndarray, *, text: str | None = None) -> None:
        """Takes another label map, (H, W) integers of this label set, of any size; locks do not hold it back.

        BadLabelMap names ids that the label set does not have. With another size, photo and picture go.
        """
        check_label_map(label_map, self.label_set, self.tr("The new label map"))
        new = np.array(label_map, np.uint8, order="C")
        text = text or self.tr("Replace label map")
        self.end_stroke()
        if new.shape != self.label_map.shape:
            styles = dict(self._state.styles)  # the old state keeps its own
            self._replace(replace(self._state, label_map=new, styles=styles, photo=None, picture=None), text)
            return
        before = self._state.label_map.copy()
        self._pixels.write(self._pixels.whole, new)
        self._record(before, self._pixels.whole, text)

    # ------------------------------------------------------------ styles, seed, weights, label states

    def set_style(
        self, label: int, style: Style | None, *, text: str | None = None, merge: Hashable | None = None
    ) -> None:
        """Chooses the style of one label; None or MeanStyle is the weights' mean.

        Changes in a row with the same `merge` key make one step (a slider being dragged) until `end_merge`.
        """
        text = text or self.tr("Style of {0}").format(self._label_name(self._checked(label)))
        self.set_styles({label: style}, text, merge=merge)

    def set_styles(
        self, styles: Mapping[int, Style | None], text: str | None = None, *, merge: Hashable | None = None
    ) -> None:
        """Chooses the styles of several labels in one step; labels that are not named keep theirs."""
        checked = {self._checked(label): self._checked_style(style) for label, style in styles.items()}
        held = self._state.styles
        new = {label: style for label, style in checked.items() if held.get(label) != style}
        if not new:
            return
        self.end_stroke()
        old = {label: held.get(label) for label in new}
        self._put_styles(new)
        text = text or self.tr("Change styles")
        self._push(StylesCommand(self, old=old, new=new, text=text, merge_key=merge))

    def set_seed(self, seed: int, *, merge: Hashable | None = None) -> None:
        """Chooses the seed, 0 to 2**63 - 1; `merge` as in `set_style`."""
        self._change("seed", self._checked_seed(seed), self.tr("Change seed"), merge)

    def set_weights(self, weights: str) -> None:
        """Paints with other weights of the same label set (for another label set make a new document)."""
        self._change("weights", str(weights), self.tr("Change weights"))

    def set_precision(self, precision: Precision) -> None:
        if precision not in get_args(Precision):
            raise BadRequest(self.tr("The precision must be float32 or bfloat16, not {0}.").format(precision))
        self._change("precision", precision, self.tr("Change precision"))

    def set_detail(self, detail: Detail) -> None:
        """How a label map is painted that is larger than the weights know: "model" or "full"."""
        if detail not in get_args(Detail):
            raise BadRequest(self.tr("The detail must be model or full, not {0}.").format(detail))
        self._change("detail", detail, self.tr("Change detail"))

    def set_locked(self, label: int, locked: bool) -> None:
        """Protects a label's pixels from brush and fills."""
        text = self.tr("Lock {0}") if locked else self.tr("Unlock {0}")
        self._change_members("locked", label, locked, text)

    def set_visible(self, label: int, visible: bool) -> None:
        """Shows or hides a label in the overlay."""
        text = self.tr("Show {0}") if visible else self.tr("Hide {0}")
        self._change_members("hidden", label, not visible, text)

    def set_style_locked(self, labels: int | Collection[int], locked: bool) -> None:
        """Keeps the style of one label, or of several, when many change at once; choosing one for this very label
        still changes it.
        """
        chosen = frozenset(self._checked(label) for label in ([labels] if isinstance(labels, int) else labels))
        text = self.tr("Lock the style of {0}") if locked else self.tr("Unlock the style of {0}")
        name = self._label_name(min(chosen)) if len(chosen) == 1 else self.tr("the picture")
        held = self._state.style_locked
        self._change("style_locked", held | chosen if locked else held - chosen, text.format(name))

    def show_only(self, label: int) -> None:
        """Hides every other label; asked again for the same one, shows all."""
        others = frozenset(range(len(self.label_set))) - {self._checked(label)}
        if self.hidden == others:
            self._change("hidden", frozenset(), self.tr("Show all labels"))
        else:
            self._change("hidden", others, self.tr("Show only {0}").format(self._label_name(label)))

    def end_merge(self) -> None:
        """The slider was released: its next drag is a step of its own."""
        self._undo.seal()

    def set_picture(self, pixels: np.ndarray | None) -> None:
        """What the engine painted, (H, W, 3) uint8. A result, not a step of the history."""
        self._state.picture = checked_picture(pixels)
        self.picture_changed.emit()

    # ------------------------------------------------------------ history

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

    def mark_saved(self, saved: bool = True) -> None:
        """The document as it stands is what the file holds; False: no file holds it (after recovery)."""
        self.end_stroke()
        self._undo.set_clean(saved)
        self._announce()

    # ------------------------------------------------------------ inside

    def _change(self, field: str, new: object, text: str, merge: Hashable | None = None) -> None:
        self.end_stroke()
        self._change_field(field, new, text, merge)

    def _change_members(self, field: str, label: int, member: bool, text: str) -> None:
        label = self._checked(label)
        rest: frozenset[int] = getattr(self._state, field) - {label}
        self._change(field, rest | {label} if member else rest, text.format(self._label_name(label)))
