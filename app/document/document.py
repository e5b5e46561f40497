"""The document: what the user edits, as an observable object. QtCore only, no widgets.

It is the one truth that panels and canvas bind to: a scene, its history, the pictures that it keeps, and signals.
Every change goes through a method here, is checked, becomes one step of the history and is announced by a signal.
Everything happens in the GUI thread.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, QRect, Signal

from app.document.by_region.label_states import LabelStates
from app.document.by_region.label_styles import LabelStyles
from app.document.by_region.regions import Regions
from app.document.checks import Precision, checked_label, checked_picture
from app.document.commands import PixelCommand, ReplaceCommand, ValuesCommand
from app.document.kept import KeptPictures
from app.document.kinds import Kind
from app.document.origin import Held, Origin
from app.document.pixel_editor import PixelEditor
from app.document.results import Result
from app.document.scene import Scene
from app.document.scene_fields import SceneValue, roles
from app.document.timeline import Timeline
from app.document.trial import Trial
from app.document.undo import Command, UndoStack
from app.raster.frozen_maps import FrozenMap
from app.shell.i18n import tr
from engine.labels.label_sets import LabelSet, load_label_set
from engine.labels.looked_at import Part
from engine.requests.photo_reference import PhotoReference
from engine.requests.render import Detail
from engine.requests.styles import MEAN, Style

BACKGROUND = 0  # what the eraser paints


class Document(QObject):
    """Label map, styles, seed and weights with undo; locks and visibility of labels; the last picture.

    Wrong input raises BadRequest or BadLabelMap and changes nothing.
    """

    picture_outdated = Signal()  # something that decides the picture changed, whatever it is (not after `replaced`)
    label_map_changed = Signal(QRect)  # pixels of this rectangle of the image changed
    styles_changed = Signal(object)  # frozenset of regions
    pieces_changed = Signal(object)
    edits_changed = Signal(object)  # frozenset of regions whose row in `styling.edits` came, went or changed
    seed_changed = Signal(object)  # int: may be larger than what a C++ int holds
    weights_changed = Signal(str)
    photo_changed = Signal(object)  # PhotoReference or None
    looked_at_changed = Signal(object)  # Part or None
    frames_changed = Signal(object)  # the frame that is edited, or the others: ask the scene
    detail_changed = Signal(str)
    labels_changed = Signal(object)  # frozenset of label ids whose lock or visibility changed
    style_locks_changed = Signal(object)  # frozenset of regions
    results_changed = Signal()  # kept pictures came, went or got a star; `replaced` may also bring others
    current_label_changed = Signal(int)  # or another piece of it became the current region
    replaced = Signal()  # label set, size, everything: bind again (no other signal follows)
    picture_changed = Signal()
    path_changed = Signal()  # another file holds the document, as it may after `replaced`
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
        self._beginning: Command | None = None  # the step that made this document
        self._current_label = self._current_region = BACKGROUND
        self._dirty = False
        self.kept = KeptPictures(self)
        self.trial = Trial(self, self._history)
        self.timeline = Timeline(self, self._history, self._put, self._exchange)
        self.pixels = PixelEditor(self)
        self.label_states = LabelStates(self)
        self.styling = LabelStyles(self)
        self.regions = Regions(self)
        self.styles_changed.connect(self.edits_changed)
        self._scene = scene
        self._bind(Held(scene, None, Origin()))

    # ------------------------------------------------------------ what there is

    @property
    def scene(self) -> Scene:
        """All of it, frozen now. Cheap: copies only what was painted on since it was last asked for."""
        label_map, fingerprint = self.pixels.freeze(), self.fingerprint
        if label_map is not self._scene.label_map or fingerprint != self._scene.fingerprint:
            self._scene = replace(self._scene, label_map=label_map, fingerprint=fingerprint)
        return self._scene

    @property
    def label_map(self) -> np.ndarray:
        """(H, W) uint8, a read-only view that follows the document. Copy it to keep it."""
        return self.pixels.label_map

    @property
    def height(self) -> int:
        return int(self.label_map.shape[0])

    @property
    def width(self) -> int:
        return int(self.label_map.shape[1])

    label_set = SceneValue[LabelSet]()
    kind = SceneValue[Kind]()  # of the request that makes the picture: says what can be done with the document
    weights = SceneValue[str]()
    seed = SceneValue[int]()
    precision = SceneValue[Precision]()  # what the engine computes with
    detail = SceneValue[Detail]()  # how a map larger than the weights know is painted (`engine.requests.render`)
    locked = SceneValue[frozenset[int]]()  # labels whose pixels brush and fills leave alone
    hidden = SceneValue[frozenset[int]]()  # labels that the overlay does not show
    style_locked = SceneValue[frozenset[int]]()  # regions whose style changes only when chosen for that very region
    strengths = SceneValue[Mapping[int, float]]()  # by region, 0-1; 1 where one is missing
    switched_off = SceneValue[frozenset[int]]()  # regions whose change is not shown
    pieces = SceneValue[Mapping[int, int]]()  # the label of each piece that has a style of its own
    piece_map = SceneValue[FrozenMap | None]()  # where they lie (`engine.labels.pieces`)
    photo = SceneValue[PhotoReference | None]()  # the photo that is edited, if any
    looked_at = SceneValue[Part | None]()  # the part of it in which its regions were found; None for all of it

    @property
    def fingerprint(self) -> str:
        """Tells the weights from others that had their name before; "" where nothing is known of them."""
        return self.fingerprint_of(self._scene.weights)

    @property
    def styles(self) -> dict[int, Style]:
        """A copy. Labels that are missing have the mean style."""
        return dict(self._scene.styles)

    def style(self, region: int) -> Style:
        """The style of one region; the mean style where none was chosen."""
        return self._scene.styles.get(self.regions.checked(region), MEAN)

    @property
    def picture(self) -> np.ndarray | None:
        """(H, W, 3) uint8, read-only: what the engine painted last; None before."""
        return self._picture

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
        return self.pixels.areas

    @property
    def results(self) -> tuple[Result, ...]:
        """The pictures that the document keeps, oldest first."""
        return self._origin.results.entries

    @property
    def current_label(self) -> int:
        """The label that brush and bucket paint. A choice of the moment, no step of the history."""
        return self._current_label

    @property
    def current_region(self) -> int:
        """What panels show and give styles to: the current label, or a piece of it."""
        is_piece = self.pieces.get(self._current_region) == self._current_label  # undo may have taken it
        return self._current_region if is_piece else self._current_label

    def set_current_label(self, label: int) -> None:
        self.set_current_region(self.checked(label))

    def set_current_region(self, region: int) -> None:
        label, before = self.regions.label_of(region), (self._current_label, self.current_region)
        self._current_label, self._current_region = label, region
        if before != (label, region):
            self.current_label_changed.emit(label)

    @property
    def stroking(self) -> bool:
        """Whether a stroke is open, between press and release."""
        return bool(self.pixels.stroke_text)

    # ------------------------------------------------------------ values of the scene

    def change(self, field: str, value: Any, *, text: str = "", merge: Hashable | None = None) -> None:
        """Gives one field of the scene another value; one step, which `text` names.

        Changes in a row with the same `merge` key make one step (a slider being dragged) until `end_merge`.
        """
        self.change_values({field: value}, text or tr(roles(type(self._scene))[field].text), merge=merge)

    def change_values(self, values: Mapping[str, Any], text: str, *, merge: Hashable | None = None) -> None:
        """Gives several fields of the scene other values, in one step; the rest as in `change`."""
        self.pixels.end_stroke()
        scene = self._scene.with_checked(**values)
        changed_fields = [name for name in values if name in scene.differences(self._scene)]
        if not changed_fields:
            return
        old = {name: getattr(self._scene, name) for name in changed_fields}
        new = {name: getattr(scene, name) for name in changed_fields}
        self._put(new)
        self.push(ValuesCommand(self._put, old=old, new=new, text=text, merge_key=merge))

    def take_found(self, values: Mapping[str, Any]) -> None:
        """Fields of the scene, found in the photo along with its regions: no step of the history."""
        self._put(values)

    def set_seed(self, seed: int) -> None:
        self.change("seed", seed)  # 0 to 2**63 - 1

    def set_detail(self, detail: Detail) -> None:
        """How a label map is painted that is larger than the weights know: "model" or "full"."""
        self.change("detail", detail)

    def end_merge(self) -> None:
        """The slider was released: its next drag is a step of its own."""
        self._history.seal()

    # ------------------------------------------------------------ what the engine made

    def take(self, kind: Kind, result: Any) -> None:
        """Takes the result of a request of that kind: it becomes what the kind says, the picture for one."""
        kind.take(self, result)

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

    def become(self, scene: Scene, picture: np.ndarray | None, text: str, *, origin: Origin | None = None) -> Command:
        """Becomes another scene with its picture, in the same document unless `origin` is another. Returns the step."""
        self.pixels.end_stroke()
        held = Held(scene, picture, origin or self._origin)
        step = ReplaceCommand(self._exchange, self._exchange(held), held.origin, text)
        self.push(step)
        return step

    def new(
        self,
        *,
        label_set: LabelSet,
        label_map: np.ndarray | FrozenMap,
        picture: np.ndarray | None = None,
        path: Path | None = None,
        text: str | None = None,
        undoable: bool = True,
        **values: Any,
    ) -> None:
        """Becomes another document, held by the file `path` if any; all is checked before anything changes.

        `label_map`: (H, W) integers; `picture`: (H, W, 3) uint8, what was painted of it; `text` names the step;
        `values`: other fields of the scene, None for the default. `undoable`: undo brings the old one back;
        otherwise the history starts afresh and the document counts as saved (start of the application).
        """
        chosen_values = {name: value for name, value in values.items() if value is not None}
        scene = type(self._scene).checked(label_set=label_set, label_map=label_map, **chosen_values)
        origin, picture = Origin(path), checked_picture(picture)
        if not self._origin.stars_are_saved:  # a star promises that they stay: they come along into the next document
            origin.results.put_back(result for result in self.results if result.starred)
        if undoable:
            self._beginning = self.become(scene, picture, text or self.tr("New document"), origin=origin)
            return
        self.pixels.end_stroke()
        self._history.clear()
        self._beginning = None
        self._exchange(Held(scene, picture, origin))
        self.mark_saved()

    def change_model(
        self, weights: str, *, label_set: LabelSet | None = None, text: str | None = None, **values: Any
    ) -> None:
        """Paints with other weights that know the same labels; one step. `values`: the styles, also those of other
        frames, as those weights need them, by field. All else stays: pixels, seed, precision, detail, locks, picture.
        """
        scene = self.scene.with_checked(label_set=label_set or self.label_set, weights=weights, **values)
        self.become(scene, self._picture, text or self.tr("Change weights"))

    # ------------------------------------------------------------ history

    @property
    def undo_text(self) -> str:
        """What undo would take back, for the menu; empty where there is nothing."""
        return self.pixels.stroke_text or self._history.undo_text

    @property
    def redo_text(self) -> str:
        return self._history.redo_text

    @property
    def label_map_is_kept(self) -> bool:
        """Whether its file, or a step since the document began, holds the label map: a change of it must be a step."""
        steps = self._history.since(self._beginning)
        return self.path is not None or any(isinstance(step, PixelCommand | ReplaceCommand) for step in steps)

    @property
    def dirty(self) -> bool:
        """Whether there are changes since the document was last saved."""
        return self._dirty

    @property
    def untouched(self) -> bool:
        """Whether nobody did anything to it, and no file holds it: another may take its place without a step back."""
        return not (self.undo_text or self.redo_text or self._dirty or self.path)

    def undo(self) -> None:
        """Takes one step back; in the middle of a stroke, takes back the stroke."""
        if self.stroking:
            self.pixels.cancel_stroke()
        elif self._history.undo():
            self.announce()

    def redo(self) -> None:
        self.pixels.end_stroke()
        if self._history.redo():
            self.announce()

    def mark_saved(self) -> None:
        """The document as it stands is what the file holds."""
        self.pixels.end_stroke()
        self._history.set_clean()
        self._origin.mark_saved(self.scene, self._origin.results.stars)
        self.announce()

    # ------------------------------------------------------------ inside

    def push(self, command: Command) -> None:
        """Takes a step that has happened into the history."""
        self._history.push(command)
        self.announce()

    def announce(self) -> None:
        """Tells what the history can do now, and whether the document is as it was saved."""
        self.undo_changed.emit()
        saved = self._origin.saved  # steps may lead back to it: a change switched off and on again
        is_dirty = not self._history.clean and (saved is None or bool(self.scene.differences(saved)))
        is_dirty |= self._origin.has_unsaved_pictures
        if is_dirty != self._dirty:
            self._dirty = is_dirty
            self.dirty_changed.emit(is_dirty)

    def _put(self, values: Mapping[str, Any]) -> None:
        """Gives fields other values and tells it."""
        before = self._scene
        self._scene = scene = replace(before, **values)
        self.pixels.set_locked(scene.locked)
        for name, value in values.items():
            role = roles(type(scene))[name]
            if role.signal:
                getattr(self, role.signal).emit(role.tells(getattr(before, name), value))
        if not scene.same_picture(before):
            self.picture_outdated.emit()

    def _exchange(self, held: Held) -> Held:
        before = Held(self.scene, self._picture, self._origin)
        self._bind(held)
        self.replaced.emit()
        return before

    def _bind(self, held: Held) -> None:
        self._scene, self._picture, self._origin = held.scene, held.picture, held.origin
        self.pixels.bind(held.scene)
        if self._current_label >= len(held.scene.label_set):
            self._current_label = BACKGROUND

    def checked(self, label: int) -> int:
        """A label id as a plain number. Raises BadRequest where the label set does not have it."""
        return checked_label(label, self.label_set)
