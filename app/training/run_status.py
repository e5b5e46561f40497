"""What can be done with the run that is shown: which buttons work, and what the first of them does."""

from __future__ import annotations

from dataclasses import dataclass

from app.jobs.training_lane import State
from app.training.history import History
from app.training.run_folder import RunInfo


@dataclass(frozen=True)
class RunStatus:
    """finished: all steps are done. resumes: the pause button goes on with the run instead of pausing it. The others
    say whether a button works."""

    finished: bool
    resumes: bool
    can_pause_or_resume: bool
    can_stop: bool
    can_use: bool


def run_status(state: State, *, live: bool, shown: History | None, info: RunInfo | None) -> RunStatus:
    """``state``: of the training. ``live``: the run that is shown is the one being trained."""
    finished = shown is not None and info is not None and shown.step >= info.steps
    resumable = state is State.IDLE and info is not None and info.resumable and not finished
    is_held = state in (State.PAUSED, State.PAUSING)
    is_going = live and (is_held or state is State.RUNNING)
    validated = info is not None and info.has_best
    return RunStatus(
        finished=finished,
        resumes=is_held or resumable,
        can_pause_or_resume=is_going or resumable,
        can_stop=live and state is not State.STOPPING,
        can_use=is_going or (validated and not live),
    )
