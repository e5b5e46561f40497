"""Frames of a photo: the whole picture, or one face at a time, each with its own regions and edits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QPointF, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from app.canvas.frames_overlay import FramesOverlay
from app.canvas.widget import CanvasWidget
from app.controllers.context import Context
from app.document.photo.frames import frames_in, state_for, with_frame, with_moved_frame, with_regions, without_frame
from app.document.photo.reading import photo_regions
from app.document.scene import Scene
from app.jobs.originals import Regions, original_for
from app.jobs.work_lane import Work
from app.raster.frame_handles import frame_amidst
from app.raster.frozen_maps import FrozenMap
from engine.pictures.face_frames import FaceFrame

TOPIC = "frames"
IDS = ("frame_whole", "frame_next", "frame_new", "frame_adjust", "frame_remove")


class FramesController(QObject):
    """Shows the frames on the canvas and in their menu, and changes from one to another; each change is a step."""

    def __init__(
        self,
        context: Context,
        canvas: CanvasWidget,
        menu: QMenu,
        actions: dict[str, QAction],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._context, self._core = context, context.core
        self._document = context.core.document
        self._canvas, self._menu = canvas, menu
        self._actions = [actions[each] for each in IDS]
        self._numbered: list[QAction] = []
        self._work: Work | None = None
        self.overlay = FramesOverlay(canvas)
        self.overlay.picked.connect(lambda number: self.choose(frames_in(self._document.scene)[number]))
        self.overlay.moved.connect(self._move)
        self.overlay.taken_up.connect(self._stop_search)
        self._document.replaced.connect(self._show)
        self._document.frames_changed.connect(self._show)
        self._document.label_map_changed.connect(self._enable)
        self._core.work_lane.busy_changed.connect(self._drop_cancelled)
        self._show()

    # --- what there is ------------------------------------------------------------------------------

    @property
    def _longer(self) -> int:
        """Longer side of the photo in pixels: what requests measure frames in."""
        return max(self._document.height, self._document.width)

    def _can_change(self) -> bool:
        """Whether there is a photo with frames whose regions were found."""
        document = self._document
        return document.kind.has_frames and document.photo is not None and not document.origin.awaits_regions

    def _show(self, *_: object) -> None:
        scene = self._document.scene
        faces = frames_in(scene) if self._document.kind.has_frames and scene.photo is not None else []
        chosen = faces.index(scene.face) if scene.face in faces else None
        seen = faces if chosen is not None or len(faces) > 1 else []  # one face in a whole picture needs no frame
        self.overlay.show_frames([face.scaled(self._longer) for face in seen], chosen)
        for action in self._numbered:
            self._menu.removeAction(action)
            action.deleteLater()
        self._numbered = [self._numbered_action(number, face == scene.face) for number, face in enumerate(faces)]
        self._menu.addActions(self._numbered)
        self._actions[0].setChecked(scene.face is None)
        self._enable()

    def _numbered_action(self, number: int, is_chosen: bool) -> QAction:
        action = QAction(self.tr("Frame {0}").format(number + 1), self)
        action.setCheckable(True)
        action.setChecked(is_chosen)
        action.triggered.connect(lambda _checked=False: self.choose(frames_in(self._document.scene)[number]))
        return action

    def _enable(self, *_: object) -> None:
        can_change, has_frame = self._can_change(), self._document.scene.face is not None
        for action, is_enabled in zip(
            self._actions, (True, bool(self._numbered), True, has_frame, has_frame), strict=True
        ):
            action.setEnabled(can_change and is_enabled)
        for action in self._numbered:
            action.setEnabled(can_change)

    # --- commands -----------------------------------------------------------------------------------

    def choose(self, face: FaceFrame | None) -> None:
        """Edit another frame, None for the whole picture; what was done to the present one stays."""
        if face == self._document.scene.face:
            self._stop_search()
            self._show()  # the menu unticks what is chosen again
        elif self._can_change():
            self._enter(face, lambda scene: scene)

    @Slot()
    def choose_whole(self) -> None:
        """Edit the whole picture."""
        self.choose(None)

    @Slot()
    def choose_next(self) -> None:
        """The next smaller face, the whole picture after the last one, then the largest again."""
        choices = [*frames_in(self._document.scene), None]
        self.choose(choices[(choices.index(self._document.scene.face) + 1) % len(choices)])

    @Slot()
    def add(self) -> None:
        """A new frame in the middle of what is seen: around a face that was not found, or any part of a photo."""
        if not self._can_change():
            return
        canvas, document = self._canvas, self._document
        left, top = canvas.to_image(QPointF(0, 0))
        right, bottom = canvas.to_image(QPointF(canvas.width(), canvas.height()))
        seen = max(left, 0.0), max(top, 0.0), min(right, document.width), min(bottom, document.height)
        frame = frame_amidst(seen).scaled(1 / self._longer)
        if frame not in frames_in(self._document.scene):
            self._enter(frame, lambda scene: scene)

    @Slot()
    def adjust(self) -> None:
        """Let the keyboard move the frame."""
        self.overlay.adjust()

    @Slot()
    def remove(self) -> None:
        """Forget the frame that is edited, with its edits: the largest of the others comes, or the whole picture."""
        removed = self._document.scene.face
        if removed is None or not self._can_change():
            return
        others = [face for face in frames_in(self._document.scene) if face != removed]
        self._enter(others[0] if others else None, lambda scene: without_frame(scene, removed))

    # --- inside -------------------------------------------------------------------------------------

    def _enter(self, face: FaceFrame | None, then: Callable[[Scene], Scene]) -> None:
        self._stop_search()
        state = state_for(self._document.scene, face)
        if state.has_regions:
            self._become(then(with_frame(self._document.scene, state)), face)
            return

        def enter(label_map: FrozenMap, regions: Regions) -> None:
            if self._document.scene.face == face:
                return  # a step that was done again led there meanwhile
            entered = with_regions(state, label_map, regions.looked_at)
            self._become(then(with_frame(self._document.scene, entered)), face)

        self._find_regions(face, [each for each in frames_in(self._document.scene) if each != face], enter)

    def _move(self, frame: FaceFrame) -> None:
        face, before = frame.scaled(1 / self._longer), self._document.scene.face
        if not self._can_change() or face in frames_in(self._document.scene):
            self._show()
            return

        def take(label_map: FrozenMap, regions: Regions) -> None:
            if self._document.scene.face == before:
                values = {"label_map": label_map, "looked_at": regions.looked_at}
                self._become(with_moved_frame(self._document.scene, face, values), face, self.tr("Move frame"))

        self._find_regions(face, [each for each in frames_in(self._document.scene) if each != before], take)

    def _find_regions(
        self, face: FaceFrame | None, others: list[FaceFrame], use_found: Callable[[FrozenMap, Regions], object]
    ) -> None:
        """Find the regions of a frame beside others."""
        document = self._document
        photo, label_set = document.photo, document.label_set
        assert photo is not None
        parser = self._core.catalogue.parser_for(label_set)
        self._stop_search()

        def deliver(map_and_regions: tuple[FrozenMap, Regions]) -> None:
            label_map, regions = map_and_regions
            use_found(label_map, regions)
            if regions.warnings:
                self._core.hub.warning(" ".join(regions.warnings), topic="photo")

        self._work = self._core.submit(
            lambda work: photo_regions(
                work, original_for(work, photo), label_set=label_set, parser=parser, frame=face, others=tuple(others)
            ),
            text=self.tr("Finding the regions of {0}").format(photo.name),
            on_done=deliver,
            only_for=document,
            topic=TOPIC,
        )

    @Slot()
    def _stop_search(self) -> None:
        """What is under way is for a frame that is no longer wanted."""
        if self._work is not None:
            self._work.cancel()
            self._work = None

    def _become(self, scene: Scene, face: FaceFrame | None, text: str = "") -> None:
        faces = frames_in(scene)
        name = self.tr("Whole picture") if face is None else self.tr("Frame {0}").format(faces.index(face) + 1)
        self._document.become(scene, self._document.picture, text or name)
        self._context.status.show_message(
            self.tr("{0} is edited; the others keep their changes").format(name) if faces else name
        )

    def _drop_cancelled(self, busy: Any) -> None:
        """A frame that was moved lies where it was when the search there was cancelled, or failed."""
        if not busy and self._work is not None:
            self._work = None
            self._show()
