"""The menu of recent files: each with its picture; those that are gone are grey and say where they were."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QIcon, QPixmap
from PySide6.QtWidgets import QMenu

from app.controllers.context import Context
from app.imaging.file_looks import FileLook, look_of
from app.imaging.thumbnail_folder import ThumbnailFolder
from app.shell.icons import tinted
from app.shell.paths import user_dir

PICTURE = 40
FOLDER_WIDTH = 320  # pixels of a folder's name


class RecentFiles(QObject):
    """Fills the menu. Files are looked at each time that it opens, by a worker that nothing else waits for: a disk that
    is gone answers late."""

    def __init__(
        self, context: Context, menu: QMenu, open_file: Callable[[Path], object], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._context, self._menu, self._open_file = context, menu, open_file
        self._settings = context.core.settings
        self._looks: dict[Path, FileLook] = {}
        self._actions: dict[Path, QAction] = {}
        self._folder = ThumbnailFolder(user_dir("cache") / "thumbnails")
        menu.setObjectName("recentFiles")
        menu.setToolTipsVisible(True)
        self._settings.recent_changed.connect(self.fill)
        menu.aboutToShow.connect(self._look)
        self.fill()

    def fill(self) -> None:
        """List the files as they were last seen."""
        self._menu.clear()
        recent_files = self._settings.recent()
        self._actions = {file_path: self._menu.addAction("") for file_path in recent_files}
        for file_path, action in self._actions.items():
            action.triggered.connect(lambda _=False, file_path=file_path: self._open_file(file_path))
            self._show(file_path)
        if recent_files:
            self._menu.addSeparator()
            self._menu.addAction(self.tr("Clear the list")).triggered.connect(self._settings.clear_recent)
        else:
            self._menu.addAction(self.tr("Nothing yet")).setEnabled(False)

    def _look(self) -> None:
        self.fill()
        for file_path in self._actions:
            self._look_at(file_path)

    def _look_at(self, file_path: Path) -> None:
        self._context.core.looking_lane.submit(
            lambda _: look_of(file_path, self._folder), on_done=lambda look: self._seen(file_path, look)
        )

    def _seen(self, file_path: Path, look: FileLook) -> None:
        self._looks[file_path] = look
        if file_path in self._actions:
            self._show(file_path)

    def _show(self, file_path: Path) -> None:
        action, look = self._actions[file_path], self._looks.get(file_path, FileLook(is_there=True))
        key = (list(self._actions).index(file_path) + 1) % 10
        name = file_path.name.replace("&", "&&")
        if look.is_there:
            action.setText(f"&{key} {name}")
            action.setToolTip(str(file_path))
        else:
            folder_name = self._menu.fontMetrics().elidedText(
                str(file_path.parent), Qt.TextElideMode.ElideMiddle, FOLDER_WIDTH
            )
            sentence = self.tr("{0} is not in {1} any more")
            action.setText(f"&{key} " + sentence.format(name, folder_name.replace("&", "&&")))
            reason = self.tr("It was moved, renamed or deleted, or its disk is not connected.")
            action.setToolTip(f"{file_path}\n{reason}")
        action.setEnabled(look.is_there)
        action.setIcon(self._icon(look))

    def _icon(self, look: FileLook) -> QIcon:
        """Its picture; a sign where there is none."""
        ratio = self._menu.devicePixelRatioF()
        if look.image is None:
            grey = self._menu.palette().placeholderText().color()
            name = "image" if look.is_there else "broken"
            return QIcon(tinted(name, grey, PICTURE, ratio))
        side = round(PICTURE * ratio)
        smooth = Qt.TransformationMode.SmoothTransformation
        pixmap = QPixmap.fromImage(look.image.scaled(side, side, Qt.AspectRatioMode.IgnoreAspectRatio, smooth))
        pixmap.setDevicePixelRatio(ratio)
        return QIcon(pixmap)
