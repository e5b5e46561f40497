"""One place that every failure and notice goes through, from any thread."""

from __future__ import annotations

import logging
import traceback
from dataclasses import dataclass
from enum import Enum

from PySide6.QtCore import QObject, Signal

from engine.errors import MissingPhoto

log = logging.getLogger("tessera")

# Topics. A problem of one goes from the screen when an action of the same kind succeeds.
OPEN, EXPORT, WEIGHTS, AUTOSAVE = "open", "export", "weights", "autosave"
ACTION = "action"  # one action that failed, of no other kind: over when the document goes on
TRAINING = "training"  # shown by the training studio while it is open, else by the editor's window


class Severity(str, Enum):
    """How loud a problem is."""

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"


@dataclass(frozen=True)
class Problem:
    """Something the user should know: one sentence, and details that can be copied."""

    sentence: str
    details: str = ""
    severity: Severity = Severity.ERROR
    topic: str = ""  # what it is about ("render"), so that a later success can take it back
    remedy: str = ""  # id of the command that may help


def one_sentence(error: BaseException) -> str:
    """What to say for an exception that carries no sentence of its own."""
    message_lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {message_lines[0]}" if message_lines else type(error).__name__


class ProblemHub(QObject):
    """Collects problems; what shows them listens to ``reported``.

    ``report`` and its kin may be called from any thread: Qt queues the signal to the listener's thread.
    """

    reported = Signal(object)  # Problem
    cleared = Signal(str)  # topic: the trouble of this topic is over

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)

    def error(self, error: BaseException | str, *, topic: str = "") -> None:
        """Report a failure: an exception (an EngineError's text is its sentence) or a sentence."""
        sentence, details, is_expected = str(error), "", True
        if isinstance(error, BaseException):
            trace_text = "".join(traceback.format_exception(error))
            error_details = getattr(error, "details", None)
            if not isinstance(error_details, str):
                sentence, is_expected = self._unexpected(error), False
            details = f"{error_details}\n\n{trace_text}" if error_details else trace_text
        log.error("%s\n%s", sentence, details)
        remedy = "photo_find" if isinstance(error, MissingPhoto) else ""
        self.reported.emit(Problem(sentence, details, topic=topic or ACTION * is_expected, remedy=remedy))

    def warning(self, sentence: str, *, topic: str = "") -> None:
        """Report something that worked, but perhaps not as the user expects."""
        log.warning("%s", sentence)
        self.reported.emit(Problem(sentence, severity=Severity.WARNING, topic=topic))

    def notice(self, sentence: str, *, topic: str = "", remedy: str = "") -> None:
        """Report something good to know; ``remedy``: id of the command that the user may want then."""
        log.info("%s", sentence)
        self.reported.emit(Problem(sentence, severity=Severity.NOTICE, topic=topic, remedy=remedy))

    def clear(self, topic: str) -> None:
        """The trouble of ``topic`` is over: it need not be shown any more."""
        self.cleared.emit(topic)

    def _unexpected(self, error: BaseException) -> str:
        template = self.tr("Something unexpected went wrong ({0}). Your work is still here; the log has the details.")
        return template.replace("{0}", one_sentence(error))
