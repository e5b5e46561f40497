"""What in a data folder keeps it from being trained on: looked for behind the window, as the data report does."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.jobs.work_lane import Work, WorkLane
from app.shell.i18n import tr
from app.texts.translate import translate
from engine.data.findings import Report
from engine.data.kinds import DataKind, inspect_folder

MOST_ENTRIES = 2000
"""Files and folders whose times tell whether a data folder has changed since it was looked at; this is asked often."""


class DataCheck(QObject):
    """Looks at the folder that is chosen, again where it has changed since; ``changed`` says that `finding` has.

    Headers of pictures are read, label maps whole. While a folder is looked at nothing is known against it. All of it
    is done in the worker of a lane of its own, since nobody waits for it: the times of the files too, which may be on
    a slow disk.
    """

    changed = Signal()

    def __init__(self, lane: WorkLane, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lane = lane
        self._times_work: Work | None = None
        self._work: Work | None = None
        self._subject: tuple[Path, str] | None = None  # folder and kind that are looked at
        self._seen: list[tuple[str, int]] = []  # how the folder was when that began
        self._complained_file: Path | None = None  # that the first problem is about
        self._complained_at = 0  # when it was changed
        self._problems: list[tuple[str, str]] = []  # file and complaint

    @property
    def finding(self) -> str:
        """The first thing that keeps the folder from being trained on, as a sentence; "" where nothing is known."""
        if not self._problems:
            return ""
        named = " ".join(filter(None, (self._problems[0][0], translate(self._problems[0][1]).rstrip(".。"))))
        if len(self._problems) == 1:
            return tr("This keeps the data from being trained on: {0}.").format(named)
        sentence = tr("This keeps the data from being trained on: {0}. The data report has {1} more.")
        return sentence.format(named, len(self._problems) - 1)

    def look(self, data_folder: Path, kind: DataKind) -> None:
        """Look at a folder as data of a kind, unless that was done and nothing has changed since."""
        subject = (data_folder, kind.id)
        if subject != self._subject:
            self.stop()
            self._subject = subject
        if self._times_work is None or self._times_work.settled:
            complained_file = self._complained_file
            self._times_work = self._lane.submit(
                lambda work: (list(islice(_times_below(data_folder), MOST_ENTRIES)), _time_of(complained_file)),
                on_done=lambda times: self._compare(data_folder, kind, *times),
            )

    def _compare(self, data_folder: Path, kind: DataKind, seen: list[tuple[str, int]], complained_at: int) -> None:
        if seen == self._seen and complained_at == self._complained_at:
            return
        self._cancel()
        self._seen = seen

        def inspect(work: Work) -> tuple[Report, int]:
            report = inspect_folder(
                data_folder, kind, quick=True, on_progress=work.progress, cancel=work.cancel_event
            )
            return report, _time_of(_complained_file(report))

        self._work = self._lane.submit(
            inspect, on_done=lambda looked: self._looked(*looked), on_failed=self._not_looked
        )

    def take(self, data_folder: Path, report: Report) -> None:
        """Somebody else has looked at the folder, and more closely; when the editor ends, that may come last."""
        if self._subject is not None and self._subject[0] == data_folder and not self._lane.closed:
            self._cancel()
            self._lane.submit(
                lambda work: _time_of(_complained_file(report)),
                on_done=lambda complained_at: self._taken(report, complained_at),
            )

    def _taken(self, report: Report, complained_at: int) -> None:
        if self._subject is not None and self._subject[0] == report.folder:
            self._looked(report, complained_at)

    def pause(self) -> None:
        """The processor is needed: a look that is under way begins anew later; what was found is known still."""
        if self._cancel():
            self._seen = []

    def stop(self) -> None:
        """Nothing is chosen, or another folder is: what was found is no longer of interest."""
        self._cancel()
        if self._times_work is not None:
            self._times_work.cancel()
        self._subject, self._seen, self._problems = None, [], []
        self._complained_file, self._complained_at = None, 0

    def _cancel(self) -> bool:
        """End a look; False if none was under way."""
        return self._work is not None and not self._work.settled and self._work.cancel()

    def _looked(self, report: Report, complained_at: int) -> None:
        before = self.finding
        self._problems = [(finding.file, finding.what) for finding in report.problems]
        self._complained_file, self._complained_at = _complained_file(report), complained_at
        if self.finding != before:
            self.changed.emit()

    def _not_looked(self, error: Exception) -> None:
        """The folder has gone, or cannot be read: the form says so itself."""


def _complained_file(report: Report) -> Path | None:
    """The file that the first problem is about: in a large folder it may be beyond those whose times are seen."""
    if not report.problems or not report.problems[0].file:
        return None
    return report.folder / report.problems[0].file


def _time_of(path: Path | None) -> int:
    """When a file was changed; 0 for none."""
    try:
        return 0 if path is None else path.stat().st_mtime_ns
    except OSError:
        return 0


def _times_below(data_folder: Path) -> Iterator[tuple[str, int]]:
    """Path and time of the entries of a folder, then of those of the folders in it."""
    folders = deque([str(data_folder)])
    while folders:
        try:
            with os.scandir(folders.popleft()) as entries:
                for entry in entries:
                    yield entry.path, entry.stat(follow_symlinks=False).st_mtime_ns
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
        except OSError:
            continue
