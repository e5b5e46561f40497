"""``python -m app [FILE...]``: the editor. No torch is imported before the first frame."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from app.shell.environment import drop_foreign_qt_paths

drop_foreign_qt_paths(os.environ)  # before Qt reads the environment

from PySide6.QtCore import QObject, Qt, QTimer  # noqa: E402
from PySide6.QtGui import QGuiApplication  # noqa: E402
from PySide6.QtWidgets import QApplication  # noqa: E402

from app.core import Core  # noqa: E402
from app.errors_ui.hub import ProblemHub  # noqa: E402
from app.errors_ui.log import install_hooks, start_log, stop_log  # noqa: E402
from app.jobs.preload import preload_torch  # noqa: E402
from app.jobs.work_lane import Work  # noqa: E402
from app.shell.i18n import install_language  # noqa: E402
from app.shell.icons import app_icon  # noqa: E402
from app.shell.paths import APP, user_dir  # noqa: E402
from app.shell.settings import Settings  # noqa: E402
from app.shell.theme import Theme  # noqa: E402
from app.window.docks import STATE_VERSION  # noqa: E402
from app.window.main_window import MainWindow  # noqa: E402

WRITING_MS = 20  # between two looks whether a file is written
SWITCH_S = 0.0002  # how long a worker keeps the interpreter that the window waits for, many times for each event


class Editor(QObject):
    """Holds the core and its window; makes a new window when the language changes."""

    def __init__(self, core: Core, files: Sequence[Path] = ()) -> None:
        super().__init__(QGuiApplication.instance())
        sys.setswitchinterval(SWITCH_S)
        threading.Thread(target=preload_torch, name="tessera-preload", daemon=True).start()  # while the window is built
        self.core = core
        self._files = list(files)
        self.window = self._make()
        self.window.first_frame.connect(self._begin, Qt.ConnectionType.SingleShotConnection)
        self.window.restore_place()
        self.window.controllers.new.first()

    def show(self) -> None:
        """Show the window."""
        self.window.show()

    def _make(self) -> MainWindow:
        window = MainWindow(self.core)
        window.language_changed.connect(self._rebuild)
        window.closed.connect(self.core.autosave.let_go)
        window.closed.connect(QGuiApplication.quit)
        return window

    def _begin(self) -> None:
        """After the first frame: from here on torch may be imported, in the worker."""
        window = self.window
        window.controllers.render.start()
        QTimer.singleShot(0, window.controllers.device.look)
        self.core.autosave.start()
        window.controllers.recovery.look()
        for path in self._files:
            window.controllers.files.open_path(path)
        self.core.work_lane.submit(_remove_abandoned)

    def _rebuild(self) -> None:
        self.core.cancel()  # what is under way would report to the window that goes
        self.window.controllers.device.stop()
        if self.core.foreground_busy:  # a file is being written: its window hears of it first
            QTimer.singleShot(WRITING_MS, self._rebuild)
            return
        install_language(self.core.settings.language)
        old = self.window
        geometry, state = old.saveGeometry(), old.saveState(STATE_VERSION)
        old.controllers.render.stop()
        old.controllers.results.stop()
        studio = old.controllers.studio.is_open
        old.controllers.studio.close_window()
        self.window = self._make()
        self.window.restoreGeometry(geometry)
        self.window.restoreState(state, STATE_VERSION)
        self.window.show()
        self.window.controllers.render.start()
        self.window.controllers.device.look()
        if studio:
            self.window.controllers.studio.open()
        old.blockSignals(True)
        old.hide()
        QTimer.singleShot(0, old.deleteLater)


def _remove_abandoned(work: Work) -> None:
    from engine.weights.manage import remove_abandoned_files

    remove_abandoned_files()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the editor until its window is closed; returns the exit code."""
    command_line = list(sys.argv[1:] if arguments is None else arguments)
    files = [Path(name).absolute() for name in command_line if not name.startswith("-")]
    QGuiApplication.setHighDpiScaleFactorRoundingPolicy(Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
    drop_foreign_qt_paths(os.environ)  # again: an import since then may have brought opencv-python's back
    app = QApplication([sys.argv[0], *command_line])
    app.setApplicationName(APP)
    app.setApplicationDisplayName("")
    app.setDesktopFileName("tessera")
    start_log(user_dir("log"))
    hub = ProblemHub(app)
    install_hooks(hub)
    settings = Settings(parent=app)
    install_language(settings.language)
    theme = Theme(app, settings.theme)
    app.setWindowIcon(app_icon())
    core = Core(settings, theme, hub=hub, parent=app)
    editor = Editor(core, files)
    editor.show()
    code = app.exec()
    core.shutdown()
    stop_log()
    return code


if __name__ == "__main__":
    sys.exit(main())
