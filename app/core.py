"""What lives as long as the application, apart from its windows: document, lanes, weights, settings.

A window is built from a core and holds no truth; switching the language makes a new window on the same core.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.catalogue import Catalogue
from app.document.document import Document
from app.document.saved.autosave import Autosave
from app.document.style_scope import StyleScope
from app.errors_ui.hub import AUTOSAVE, ProblemHub
from app.imaging.thumbnails import Thumbnails
from app.jobs.originals import Originals
from app.jobs.photos import CodeCache
from app.jobs.render_lane import RenderLane
from app.jobs.session_gate import SessionGate, session_factory
from app.jobs.subject import Subject
from app.jobs.work_lane import Work, WorkLane, is_gone
from app.shell.settings import Settings
from app.shell.theme import Theme
from app.training.training import Training
from engine.errors import EngineError
from engine.progress import Progress

SessionMaker = Callable[[str], Callable[[], Any]]  # device -> factory, which the worker calls


class Core(QObject):
    """Owns everything that windows share."""

    foreground_changed = Signal()  # more work is waited for; `busy_changed` of the lanes tells the end

    def __init__(
        self,
        settings: Settings,
        theme: Theme | None = None,
        *,
        sessions: SessionMaker = session_factory,
        catalogue: Catalogue | None = None,
        hub: ProblemHub | None = None,
        parent: QObject | None = None,
    ) -> None:
        """``sessions`` makes engine sessions; tests give a fake one."""
        super().__init__(parent)
        self.settings = settings
        self.theme = theme
        self.hub = hub if hub is not None else ProblemHub(self)
        self.catalogue = catalogue if catalogue is not None else Catalogue(parent=self)
        self.document = Document(weights=self.catalogue.default_painter(), parent=self)
        self.document.fingerprint_of = self.catalogue.fingerprint
        self.scope = StyleScope(self.document, self.catalogue.abilities, self.hub.notice)
        self._sessions = sessions
        self.gate = SessionGate(sessions(settings.device))
        self.render_lane = RenderLane(self.gate, self)
        self.work_lane = WorkLane(self.gate, self)
        self.work_lane.failed.connect(self.hub.error)
        self.looking_lane = WorkLane(parent=self)  # recent files, on a disk that may not answer: nothing waits for it
        self._autosave_lane = WorkLane(self.gate, self)
        self.autosave = Autosave(self.document, self._autosave_lane, parent=self)
        self.autosave.failed.connect(lambda error: self.hub.error(error, topic=AUTOSAVE))
        self.autosave.kept.connect(lambda: self.hub.clear(AUTOSAVE))
        self.training = Training(self.hub, self.work_lane, self)
        self.originals = Originals()
        self.codes = CodeCache(self.catalogue.fingerprint)
        self._foreground: list[Work] = []
        self.thumbnails = Thumbnails(self.work_lane, parent=self)

    def use_device(self, device: str) -> None:
        """Run on ``device`` ("auto", "cpu", "cuda:0") from the next job on, and remember it."""
        self.settings.device = device
        self.gate.replace(self._sessions(device))

    def renew_session(self) -> None:
        """Forget what the engine has loaded; the next job loads the weights again."""
        self.gate.replace(self._sessions(self.settings.device))

    def submit(
        self,
        function: Callable[[Work], Any],
        *,
        text: str,
        on_done: Callable[[Any], object],
        on_failed: Callable[[EngineError], object] | None = None,
        on_progress: Progress | None = None,
        only_for: Subject | None = None,
        topic: str = "",
    ) -> Work:
        """Queue work that the user waits for: it shows progress and ``cancel`` drops it (thumbnails are not such).
        ``only_for``: the result counts only while this is the same document (or `SameModel` of it). ``topic``: of the
        problem that its failing is; its success takes the one before from the screen."""

        def clear_topic_and_deliver(result: Any) -> None:
            if topic:
                self.hub.clear(topic)
            if not is_gone(on_done):
                on_done(result)

        self._foreground = [submitted for submitted in self._foreground if not submitted.settled]
        submitted = self.work_lane.submit(
            function,
            text=text,
            on_done=clear_topic_and_deliver,
            on_failed=on_failed or (lambda error: self.hub.error(error, topic=topic)),
            on_progress=on_progress,
            only_for=only_for,
        )
        self._foreground.append(submitted)
        self.foreground_changed.emit()
        return submitted

    @property
    def foreground_busy(self) -> bool:
        """True while work that the user waits for runs or waits."""
        return any(not submitted.settled for submitted in self._foreground)

    def cancel(self) -> bool:
        """Drop all rendering and all work that the user waits for; True when something was dropped. A file that
        is being written already is written to its end."""
        dropped = self.render_lane.busy
        self.render_lane.cancel()
        for submitted in [submitted for submitted in self._foreground if not submitted.settled]:
            dropped = submitted.cancel() or dropped
        self._foreground = [submitted for submitted in self._foreground if not submitted.settled]
        return dropped

    def shutdown(self) -> None:
        """End the workers; nothing is delivered any more. A training saves a checkpoint first."""
        self.training.shutdown()
        self.render_lane.shutdown()
        self.work_lane.shutdown()
        self.looking_lane.shutdown(timeout=1.0)
        self._autosave_lane.shutdown()
        self.autosave.leave()
        self.settings.sync()
