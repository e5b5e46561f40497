"""The document is kept by itself while it is worked on: 30 s after a change, and after each new picture.

It goes into a folder of this process (`process_folders`), never into the user's own file, in a lane of its own. Once it
stands in the user's file, or is let go, what was kept is removed.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from app.document.document import Document
from app.document.saved.document_file import Snapshot, snapshot_of, write_document
from app.document.saved.process_folders import (
    AUTOSAVED,
    Leftover,
    hold_folder,
    own_folder,
    release_folder,
    state_folder,
    tell_open,
)
from engine.documents.document_file import SUFFIX
from engine.errors import EngineError

PERIOD_S = 30.0
LOOK_MS = 1000  # how often it is looked whether the time has come, while there is something to keep


class Lane(Protocol):
    """As `app.jobs.work_lane.WorkLane`."""

    def submit(
        self,
        function: Callable[[Any], Any],
        *,
        on_done: Callable[[Any], object] | None = None,
        on_failed: Callable[[EngineError], object] | None = None,
    ) -> Any: ...


class Autosave(QObject):
    """Keeps one document. It begins with `start`; until then nothing is written."""

    failed = Signal(object)  # EngineError: what was to be kept is not
    kept = Signal()  # the document stands in this process's folder

    def __init__(
        self,
        document: Document,
        lane: Lane,
        *,
        base: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
        parent: QObject | None = None,
    ) -> None:
        """``clock``: seconds; tests pretend it. ``base``: where the folders of all processes are."""
        super().__init__(parent)
        self._document = document
        self._lane = lane
        self._base = base
        self._clock = clock
        self._folder: Path | None = None  # known once a job has asked for it
        self._since: float | None = None  # when the first change came that is not kept
        self._at_once = False
        self._writing = False
        self._is_kept = False  # whether there may be something of this document in the folder
        self._brought_back: list[Leftover] = []
        self._told_path: Path | None = None
        self._is_started = self._is_let_go = False
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self.look)

    def start(self) -> None:
        """Watch the document from now on."""
        document, self._is_started = self._document, True
        for signal in (document.undo_changed, document.label_map_changed, document.dirty_changed, document.replaced):
            signal.connect(self._changed)
        document.results_changed.connect(self._picture_came)
        document.path_changed.connect(self._tell_path)
        document.replaced.connect(self._tell_path)
        self._tell_path()
        self._changed()

    @property
    def _has_unsaved(self) -> bool:
        origin = self._document.origin
        unsaved_stars = bool(origin.results.starred) and not origin.stars_are_saved
        return self._document.dirty or self._document.stroking or unsaved_stars

    def _changed(self, *_: object) -> None:
        if not self._is_started:
            return
        if not self._has_unsaved:
            self.forget()
        elif self._since is None:
            self._since = self._clock()
            self._timer.start()

    def _picture_came(self) -> None:
        self._changed()
        self._at_once = self._since is not None

    @Slot()
    def look(self) -> None:
        """Keep the document if the time has come."""
        if self._since is None:
            self._timer.stop()
        elif self._at_once or self._clock() - self._since >= PERIOD_S:
            self.keep()

    def keep(self, *, instead_of: Leftover | None = None) -> None:
        """Keep the document now; while that is under way, once more after it. ``instead_of``: what it was brought back
        from, which goes once the document is kept."""
        if instead_of is not None:
            self._brought_back.append(instead_of)
        if self._writing:
            self._since, self._at_once = self._clock(), True
            self._timer.start()
            return
        snapshot, own_file = snapshot_of(self._document, None), self._document.path
        sources = tuple(path for path in (own_file,) if path is not None and path.suffix.lower() == SUFFIX)
        brought_back, self._brought_back = self._brought_back, []
        self._since, self._at_once, self._writing, self._is_kept = None, False, True, True

        def write(_: Any) -> None:
            self._write(snapshot, sources)
            for leftover in brought_back:
                leftover.remove()

        self._lane.submit(write, on_done=self._written, on_failed=self._not_written)

    @property
    def files(self) -> tuple[Path, ...]:
        """Where the document is kept, if it is: its pictures stand there already."""
        return (self._folder / AUTOSAVED,) if self._folder is not None and self._is_kept else ()

    def forget(self) -> None:
        """The document stands in the user's file, or is let go: what was kept of it is removed."""
        self._since, self._at_once = None, False
        self._timer.stop()
        if self._is_kept:
            self._is_kept = False
            self._lane.submit(lambda _: self._remove())

    def let_go(self) -> None:
        """The user closes the window and knows what is unsaved: nothing of it is kept."""
        self._is_let_go = True

    def leave(self) -> None:
        """The process ends, and the lane has: its folder goes, unless it holds what nobody let go."""
        self._is_started = False
        self._timer.stop()
        if self._folder is None:
            return
        if self._is_let_go or not self._has_unsaved:
            shutil.rmtree(self._folder, ignore_errors=True)
        release_folder(self._folder)

    def _tell_path(self) -> None:
        path = self._document.path
        if not self._is_started:
            return
        if path != self._told_path:
            self._told_path = path
            self._lane.submit(lambda _: tell_open(self._own_folder(), path), on_failed=self.failed.emit)

    # --- in the worker ------------------------------------------------------------------------------

    def _own_folder(self) -> Path:
        if self._folder is None:
            self._folder = own_folder(self._base or state_folder())
        return self._folder

    def _write(self, snapshot: Snapshot, sources: tuple[Path, ...]) -> None:
        folder = self._own_folder()
        hold_folder(folder)
        write_document(folder / AUTOSAVED, snapshot, photo=snapshot.scene.photo, sources=sources)

    def _remove(self) -> None:
        (self._own_folder() / AUTOSAVED).unlink(missing_ok=True)

    # --- back in the GUI thread ---------------------------------------------------------------------

    def _written(self, _: object) -> None:
        self._writing = False
        self.kept.emit()

    def _not_written(self, error: EngineError) -> None:
        self._writing = False
        self._since = self._clock()  # tried again in a while
        self._timer.start()
        self.failed.emit(error)
