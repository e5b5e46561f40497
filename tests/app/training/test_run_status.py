"""Which of the studio's buttons work, without a window."""

from __future__ import annotations

import pytest

from app.jobs.training_lane import State
from app.training.history import History
from app.training.run_folder import RunInfo
from app.training.run_status import run_status


def info(folder, *, resumable: bool = True, has_best: bool = True) -> RunInfo:
    return RunInfo(folder, "sean", 10, 32, 2, folder, {}, {}, resumable, has_best)


def history(folder, step: int) -> History:
    reports = History(folder)
    reports.step = step
    return reports


def test_nothing_can_be_done_with_no_run():
    status = run_status(State.IDLE, live=False, shown=None, info=None)
    assert not (status.can_pause_or_resume or status.can_stop or status.can_use or status.finished)


@pytest.mark.parametrize(
    ("state", "resumes", "can_pause", "can_stop", "can_use"),
    [
        (State.PREPARING, False, False, True, False),
        (State.RUNNING, False, True, True, True),
        (State.PAUSING, True, True, True, True),
        (State.PAUSED, True, True, True, True),
        (State.STOPPING, False, False, False, False),
    ],
)
def test_a_run_that_is_trained(tmp_path, state, resumes, can_pause, can_stop, can_use):
    status = run_status(state, live=True, shown=history(tmp_path, 4), info=info(tmp_path))
    assert (status.resumes, status.can_pause_or_resume) == (resumes, can_pause)
    assert (status.can_stop, status.can_use) == (can_stop, can_use)


def test_a_run_that_was_stopped_can_be_resumed_and_used(tmp_path):
    status = run_status(State.IDLE, live=False, shown=history(tmp_path, 4), info=info(tmp_path))
    assert status.resumes and status.can_pause_or_resume and status.can_use and not status.can_stop


def test_a_finished_run_can_be_used_only(tmp_path):
    status = run_status(State.IDLE, live=False, shown=history(tmp_path, 10), info=info(tmp_path))
    assert status.finished and status.can_use and not status.can_pause_or_resume


def test_an_older_run_waits_while_another_is_trained(tmp_path):
    status = run_status(State.RUNNING, live=False, shown=history(tmp_path, 4), info=info(tmp_path, has_best=False))
    assert not (status.can_pause_or_resume or status.can_stop or status.can_use)
