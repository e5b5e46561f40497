"""The document: what the user edits, as an observable object. QtCore only, no widgets.

It is the one truth that panels and canvas bind to: a scene, its history, the pictures that it keeps, and signals.
Every change goes through a method here, is checked, becomes one step of the history and is announced by a signal.
Everything happens in the GUI thread.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, QRect, Signal

from app.document.commands import DeleteResultsCommand, PixelCommand, ReplaceCommand, ValuesCommand
from app.document.kinds import kind_named
from app.document.origin import Held, Origin
from app.document.results import Result
from app.document.scene import Precision, Scene, checked_label, checked_picture, read_only
from app.document.scene_fields import roles
from app.document.undo import Command, UndoStack
from app.raster import fill as fills
from app.raster.boxes import Box
from app.raster.changes import PixelChange
from app.raster.frozen_maps import FrozenMap
from app.raster.label_pixels import LabelPixels, Stroke
from app.shell.i18n import tr
from app.texts.label_names import label_name
from engine.errors import BadRequest
from engine.labels.label_maps import check_label_map
from engine.labels.label_sets import LabelSet, load_label_set
from engine.requests.render import Detail, RenderRequest
from engine.requests.styles import MEAN, Style

BACKGROUND = 0  # what the eraser paints


class Document(QObject):
    """Label map, styles, seed and weights with undo; locks and visibility of labels; the last picture.

    Wrong input raises BadRequest or BadLabelMap and changes nothing.
    """

    picture_outdated = Signal()  # something that decides the picture changed, whatever it is (not after `replaced`)
    label_map_changed = Signal(QRect)  # pixels of this rectangle of the image changed
    styles_changed = Signal(object)  # frozenset of label ids
    seed_changed = Signal(int)
    weights_changed = Signal(str)
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

    def __init__(
        self,
        label_set: LabelSet | None = None,
        *,
        size: tuple[int, int] = (256, 256),
        weights: str = "",
        scene: Scene | None = None,
        parent: QObject | None = None,
    ) -> None:
        """An empty document: the background label everywhere. `size` is (height, width). `scene`: one to begin with."""
        super().__init__(parent)
        if scene is None:
            scene = Scene(label_set or load_label_set("faces"), FrozenMap.of(np.zeros(size, np.uint8)), weights)
        self.fingerprint_of: Callable[[str], str] = lambda weights: ""  # tells weights of one name apart
        self._history = UndoStack()
        self._stroke: Stroke | None = None
        self._current_label = BACKGROUND
        self._dirty = False
        self._scene: Scene = scene
        self._pixels: LabelPixels
        self._bind(Held(scene, None, Origin()))

    # ------------------------------------------------------------ what there is

    @property
    def scene(self) -> Scene:
        """All of it, frozen now. Cheap: copies only what was painted on since it was last asked for."""
        label_map, fingerprint = self._pixels.freeze(), self.fingerprint
        if label_map is not self._scene.label_map or fingerprint != self._scene.fingerprint:
            self._scene = replace(self._scene, label_map=label_map, fingerprint=fingerprint)
        return self._scene

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
        return self._scene.label_set

    @property
    def weights(self) -> str:
        return self._scene.weights

    @property
    def fingerprint(self) -> str:
        """Tells the weights from others that had their name before; "" where nothing is known of them."""
        return self.fingerprint_of(self._scene.weights)

    @property
    def seed(self) -> int:
        return self._scene.seed

    @property
    def precision(self) -> Precision:
        """What the engine computes with: "float32" or "bfloat16"."""
        return self._scene.precision

    @property
    def detail(self) -> Detail:
        """How a map larger than the weights know is painted: "model" or "full" (`engine.requests.render`)."""
        return self._scene.detail

    @property
    def styles(self) -> dict[int, Style]:
        """A copy. Labels that are missing have the mean style."""
        return dict(self._scene.styles)

    def style(self, label: int) -> Style:
        """The style of one label; the mean style where none was chosen."""
        return self._scene.styles.get(self._checked(label), MEAN)

    @property
    def picture(self) -> np.ndarray | None:
        """(H, W, 3) uint8, read-only: what the engine painted last; None before."""
        return self._picture

    @property
    def photo(self) -> np.ndarray | None:
        """(H, W, 3) uint8, read-only: the photo that is edited; None where there is none."""
        return self._scene.photo

    @property
    def origin(self) -> Origin:
        """Which document this is: work for one document compares it, so that no result lands in another."""
        return self._origin

    @property
    def path(self) -> Path | None:
        """The file that holds this document, None while there is none."""
        return self._origin.path

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
        return self._scene.locked

    @property
    def hidden(self) -> frozenset[int]:
        """Labels that the overlay does not show."""
        return self._scene.hidden

    @property
    def style_locked(self) -> frozenset[int]:
        """Labels whose style changes only when the user chooses one for that very label."""
        return self._scene.style_locked

    @property
    def results(self) -> tuple[Result, ...]:
        """The pictures that the document keeps, oldest first."""
        return self._origin.results.entries

    @property
    def current_label(self) -> int:
        """The label that brush and bucket paint. A choice of the moment, no step of the history."""
        return self._current_label

    def set_current_label(self, label: int) -> None:
        label = self._checked(label)
        if label != self._current_label:
            self._current_label = label
            self.current_label_changed.emit(label)

    def to_request(self) -> RenderRequest:
        """The request as the document stands. Compresses the label map: see `scene` for live rendering."""
        request: RenderRequest = self.scene.to_request()
        return request

    # ------------------------------------------------------------ strokes

    @property
    def stroking(self) -> bool:
        """Whether a stroke is open, between press and release."""
        return self._stroke is not None

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
        stroke_points = [(float(x), float(y)) for x, y in points]
        if len(radii) != len(stroke_points) or not np.isfinite([*radii, *np.ravel(stroke_points)]).all():
            raise BadRequest(self.tr("A brush stroke needs finite points and a radius for each of them."))
        self._tell_painted(self._stroke.extend(stroke_points, radii))

    def end_stroke(self) -> None:
        """Closes the stroke that is open, if any; it becomes one step if it changed anything."""
        stroke, self._stroke = self._stroke, None
        if stroke is None:
            return
        change = stroke.change()
        if change is not None:
            self._push(PixelCommand(self._swap_pixels, change, stroke.text))
        else:
            self._announce()

    def cancel_stroke(self) -> None:
        """Takes the open stroke back as if it had never begun."""
        stroke, self._stroke = self._stroke, None
        if stroke is not None:
            self._tell_painted(stroke.take_back())
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
            coloured_pixels = self.picture if self.picture is not None else self.photo
            if coloured_pixels is None or coloured_pixels.shape[:2] != self.label_map.shape:
                raise BadRequest(
                    self.tr("There is no picture to take the colour from; wait for the picture, then fill again.")
                )
            mask = fills.colour_mask(picture=coloured_pixels, x=x, y=y, tolerance=tolerance, contiguous=contiguous)
        else:
            mask = fills.label_mask(label_map=self._pixels.label_map, x=x, y=y, contiguous=contiguous)
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
        before = self._pixels.freeze()
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
        text = text or self.tr("Replace label map")
        self.end_stroke()
        if label_map.shape != self.label_map.shape:
            scene = self.scene.on_other_ground(label_map=FrozenMap.of(label_map))
            self._become(Held(scene, None, self._origin), text)
            return
        before = self._pixels.freeze()
        self._pixels.write(self._pixels.whole, np.array(label_map, np.uint8, order="C"))
        self._record(before, self._pixels.whole, text)

    # ------------------------------------------------------------ values of the scene

    def change(self, field: str, value: Any, *, text: str = "", merge: Hashable | None = None) -> None:
        """Gives one field of the scene another value; one step, which `text` names.

        Changes in a row with the same `merge` key make one step (a slider being dragged) until `end_merge`.
        """
        role = roles(type(self._scene))[field]
        value = role.checked(value, self.label_set)
        self.end_stroke()
        held_value = getattr(self._scene, field)
        if role.same(held_value, value):
            return
        self._put({field: value})
        self._push(
            ValuesCommand(
                self._put, old={field: held_value}, new={field: value}, text=text or tr(role.text), merge_key=merge
            )
        )

    def set_style(
        self, label: int, style: Style | None, *, text: str | None = None, merge: Hashable | None = None
    ) -> None:
        """Chooses the style of one label; None or MeanStyle is the weights' mean. `merge` as in `change`."""
        text = text or self.tr("Style of {0}").format(self._label_name(self._checked(label)))
        self.set_styles({label: style}, text, merge=merge)

    def set_styles(
        self, styles: Mapping[int, Style | None], text: str | None = None, *, merge: Hashable | None = None
    ) -> None:
        """Chooses the styles of several labels in one step; labels that are not named keep theirs."""
        chosen_styles = {self._checked(label): style for label, style in styles.items()}
        self.change("styles", {**self._scene.styles, **chosen_styles}, text=text or "", merge=merge)

    def set_seed(self, seed: int, *, merge: Hashable | None = None) -> None:
        """Chooses the seed, 0 to 2**63 - 1; `merge` as in `change`."""
        self.change("seed", seed, merge=merge)

    def set_detail(self, detail: Detail) -> None:
        """How a label map is painted that is larger than the weights know: "model" or "full"."""
        self.change("detail", detail)

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
        chosen_labels = frozenset(self._checked(label) for label in ([labels] if isinstance(labels, int) else labels))
        text = self.tr("Lock the style of {0}") if locked else self.tr("Unlock the style of {0}")
        name = self._label_name(min(chosen_labels)) if len(chosen_labels) == 1 else self.tr("the picture")
        locked_labels = self.style_locked
        self.change(
            "style_locked",
            locked_labels | chosen_labels if locked else locked_labels - chosen_labels,
            text=text.format(name),
        )

    def show_only(self, label: int) -> None:
        """Hides every other label; asked again for the same one, shows all."""
        others = frozenset(range(len(self.label_set))) - {self._checked(label)}
        if self.hidden == others:
            self.change("hidden", frozenset(), text=self.tr("Show all labels"))
        else:
            self.change("hidden", others, text=self.tr("Show only {0}").format(self._label_name(label)))

    def end_merge(self) -> None:
        """The slider was released: its next drag is a step of its own."""
        self._history.seal()

    # ------------------------------------------------------------ what the engine made

    def take(self, kind: str, result: Any) -> None:
        """Takes the result of a request of that kind: it becomes the picture, the label map, whatever the kind says."""
        kind_named(kind).take(self, result)

    def set_picture(self, pixels: np.ndarray | None) -> None:
        """What the engine painted, (H, W, 3) uint8. A result, not a step of the history."""
        self._picture = checked_picture(pixels)
        self.picture_changed.emit()

    # ------------------------------------------------------------ the whole document

    def set_path(self, path: Path | None, *, of: Origin | None = None) -> None:
        """The file that holds this document, or the one that `of` stands for. Not a step of the history."""
        origin = of if of is not None else self._origin
        if origin.path != path:
            origin.path = path
            if origin is self._origin:
                self.path_changed.emit()

    def new(
        self,
        *,
        label_set: LabelSet,
        label_map: np.ndarray,
        picture: np.ndarray | None = None,
        path: Path | None = None,
        text: str | None = None,
        undoable: bool = True,
        **values: Any,
    ) -> None:
        """Becomes another document, held by the file `path` if any; all is checked before anything changes.

        Args:
            label_set: its labels.
            label_map: (H, W) integers.
            picture: (H, W, 3) uint8, what was painted of it.
            path: the file.
            text: names the step.
            undoable: the old one can be had back by undo; otherwise the history starts afresh and the document counts
                as saved (start of the application, opening a file).
            values: other fields of the scene, by name; None for the default.
        """
        chosen_values = {name: value for name, value in values.items() if value is not None}
        scene = type(self._scene).checked(label_set=label_set, label_map=label_map, **chosen_values)
        origin, picture = Origin(path), checked_picture(picture)
        # Nothing saves them yet, and a star promises that they stay: they come along into the next document.
        origin.results.put_back(result for result in self.results if result.starred)
        self.end_stroke()
        if undoable:
            self._become(Held(scene, picture, origin), text or self.tr("New document"))
            return
        self._history.clear()
        self._exchange(Held(scene, picture, origin))
        self._announce()

    def restore(
        self,
        request: RenderRequest,
        *,
        label_set: LabelSet | None = None,
        picture: np.ndarray | None = None,
        path: Path | None = None,
        text: str | None = None,
        undoable: bool = True,
    ) -> None:
        """Takes everything that made a picture from its request; one step.

        `label_set`: that of the request's weights; without it, this document's. The rest as in `new`.
        """
        self.new(
            label_set=label_set or self.label_set,
            picture=picture,
            path=path,
            text=text or self.tr("Restore from picture"),
            undoable=undoable,
            **type(self._scene).values_of(request),
        )

    def change_model(
        self, weights: str, styles: Mapping[int, Style], *, label_set: LabelSet | None = None, text: str | None = None
    ) -> None:
        """Paints with other weights that know the same labels, with the styles as those weights need them; one
        step. All else stays: pixels, seed, precision, detail, locks, visibility, picture.
        """
        scene = self.scene.with_checked(label_set=label_set or self.label_set, weights=weights, styles=styles)
        self.end_stroke()
        self._become(Held(scene, self._picture, self._origin), text or self.tr("Change weights"))

    # ------------------------------------------------------------ kept pictures

    def keep_result(self, scene: Scene, pixels: np.ndarray) -> Result:
        """Keeps a picture, (H, W, 3) uint8, with what made it; an equal one is kept once. Not a step of the history."""
        picture = checked_picture(pixels)
        assert picture is not None
        result, new = self._origin.results.keep(scene, picture)
        if new:
            self.results_changed.emit()
        return result

    def star_result(self, number: int, starred: bool) -> None:
        """A starred picture is never dropped by itself. Not a step of the history."""
        if self._origin.results.set_starred(number, starred):
            self.results_changed.emit()

    def delete_results(self, numbers: Iterable[int]) -> None:
        """Throws kept pictures away; one step, so that they can be had back."""
        removed_results = self._origin.results.remove(numbers)
        if not removed_results:
            return
        self.results_changed.emit()
        if len(removed_results) == 1:
            undo_text = self.tr("Delete picture {0}").format(removed_results[0].number)
        else:
            undo_text = self.tr("Delete {0} pictures").format(len(removed_results))
        self._push(DeleteResultsCommand(self._origin, removed_results, self.results_changed.emit, undo_text))

    def recall_result(self, number: int, styles: Mapping[int, Style] | None = None) -> bool:
        """Becomes what made a kept picture, weights and all; one step. Locks stay as they are now. False where it is
        that already. `styles`: in place of its own, whose codes may be of weights that are no more.
        """
        result = self._origin.results.get(number)
        if result is None or result.scene.same_picture(self.scene):
            return False
        self.end_stroke()
        scene = self.scene.recalling(result.scene)
        if styles is not None:
            scene = scene.with_checked(styles=styles)
        undo_text = self.tr("Bring back picture {0}").format(result.number)
        self._become(Held(scene, result.pixels, self._origin), undo_text)
        return True

    # ------------------------------------------------------------ history

    @property
    def undo_text(self) -> str:
        """What undo would take back, for the menu; empty where there is nothing."""
        return self._stroke.text if self._stroke is not None else self._history.undo_text

    @property
    def redo_text(self) -> str:
        return self._history.redo_text

    @property
    def dirty(self) -> bool:
        """Whether there are changes since the document was last saved."""
        return self._dirty

    def undo(self) -> None:
        """Takes one step back; in the middle of a stroke, takes back the stroke."""
        if self._stroke is not None:
            self.cancel_stroke()
        elif self._history.undo():
            self._announce()

    def redo(self) -> None:
        self.end_stroke()
        if self._history.redo():
            self._announce()

    def mark_saved(self, saved: bool = True) -> None:
        """The document as it stands is what the file holds; False: no file holds it (after recovery)."""
        self.end_stroke()
        self._history.set_clean(saved)
        self._announce()

    # ------------------------------------------------------------ inside

    def _push(self, command: Command) -> None:
        self._history.push(command)
        self._announce()

    def _announce(self) -> None:
        """Tells what the history can do now, and whether the document is as it was saved."""
        self.undo_changed.emit()
        is_dirty = not self._history.clean
        if is_dirty != self._dirty:
            self._dirty = is_dirty
            self.dirty_changed.emit(is_dirty)

    def _tell_painted(self, box: Box) -> None:
        if not box.empty:
            self.label_map_changed.emit(QRect(box.x0, box.y0, box.width, box.height))
            self.picture_outdated.emit()

    def _record(self, before: FrozenMap, box: Box, text: str) -> bool:
        """Makes a step of what differs from `before` inside the box. Returns whether anything does."""
        change = self._pixels.change_since(before, box)
        if change is None:
            return False
        self._tell_painted(change.box)
        self._push(PixelCommand(self._swap_pixels, change, text))
        return True

    def _swap_pixels(self, change: PixelChange) -> PixelChange:
        replaced = self._pixels.swap(change)
        self._tell_painted(change.box)
        return replaced

    def _put(self, values: Mapping[str, Any]) -> None:
        """Gives fields other values and tells it."""
        before = self._scene
        self._scene = scene = replace(before, **values)
        self._pixels.set_locked(scene.locked)
        for name, value in values.items():
            role = roles(type(scene))[name]
            if role.signal:
                getattr(self, role.signal).emit(role.tells(getattr(before, name), value))
        if not scene.same_picture(before):
            self.picture_outdated.emit()

    def _change_members(self, field: str, label: int, member: bool, text: str) -> None:
        label = self._checked(label)
        other_members: frozenset[int] = getattr(self._scene, field) - {label}
        self.change(
            field, other_members | {label} if member else other_members, text=text.format(self._label_name(label))
        )

    def _become(self, held: Held, text: str) -> None:
        before = self._exchange(held)
        self._push(ReplaceCommand(self._exchange, before, held.origin, text))

    def _exchange(self, held: Held) -> Held:
        before = Held(self.scene, self._picture, self._origin)
        self._bind(held)
        self.replaced.emit()
        return before

    def _bind(self, held: Held) -> None:
        self._scene, self._picture, self._origin = held.scene, held.picture, held.origin
        self._pixels = LabelPixels(held.scene.label_map, held.scene.locked)
        self._view = read_only(self._pixels.label_map)
        if self._current_label >= len(held.scene.label_set):
            self._current_label = BACKGROUND

    def _checked(self, label: int) -> int:
        return checked_label(label, self.label_set)

    def _label_name(self, label: int) -> str:
        """A label's name in the language of the application."""
        return label_name(self.label_set[label])
