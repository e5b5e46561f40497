"""The log file, and the hooks that send uncaught errors to it and to the error bar."""

from __future__ import annotations

import logging
import sys
import threading
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

from app.errors_ui.hub import ProblemHub

log = logging.getLogger("tessera")

LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


def start_log(log_folder: Path) -> Path:
    """Write the log to ``log_folder``/tessera.log (three files of 1 MB) and warnings to the console."""
    log_path = log_folder / "tessera.log"
    log.setLevel(logging.INFO)
    log.propagate = False
    stop_log()
    try:
        handler: logging.Handler = RotatingFileHandler(log_path, maxBytes=1_000_000, backupCount=2, encoding="utf-8")
    except OSError:  # a read-only home must not keep the editor from starting
        handler = logging.NullHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    log.addHandler(handler)
    console_handler = logging.StreamHandler(sys.stderr)
    console_handler.setLevel(logging.WARNING)
    console_handler.setFormatter(_Sentences("%(message)s"))
    log.addHandler(console_handler)
    return log_path


class _Sentences(logging.Formatter):
    """Messages without their tracebacks: on the console a user's mistake should not look like a crash."""

    def format(self, record: logging.LogRecord) -> str:
        return super().format(record).split("\n", 1)[0]


def stop_log() -> None:
    """Close the log's files."""
    for handler in list(log.handlers):
        log.removeHandler(handler)
        handler.close()


def install_hooks(hub: ProblemHub) -> None:
    """From now on, uncaught exceptions of any thread and Qt's own messages reach the log; exceptions
    also reach the error bar, so that the editor goes on instead of dying silently."""

    def on_exception(exception_type: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(exception_type, KeyboardInterrupt):
            sys.__excepthook__(exception_type, error, trace)
            return
        hub.error(error.with_traceback(trace))

    def on_thread_exception(hook_arguments: threading.ExceptHookArgs) -> None:
        if hook_arguments.exc_value is not None and not issubclass(hook_arguments.exc_type, SystemExit):
            hub.error(hook_arguments.exc_value)

    sys.excepthook = on_exception
    threading.excepthook = on_thread_exception
    qInstallMessageHandler(_qt_message)


def _qt_message(message_type: QtMsgType, context: QMessageLogContext, text: str) -> None:
    log.log(LEVELS.get(message_type, logging.WARNING), "Qt: %s", text)
