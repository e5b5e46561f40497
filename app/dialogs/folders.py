"""Asking for folders, as `app.dialogs.files` asks for files: every kind of dialog remembers its place."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QWidget

from app.dialogs.files import FileAsker
from app.shell.settings import Settings


class FolderAsker(QObject):
    """Opens the system's dialogs for folders, and for files through a FileAsker. Tests replace ``pick_folder``."""

    def __init__(self, settings: Settings, widget: QWidget) -> None:
        super().__init__(widget)
        self._settings = settings
        self._widget = widget
        self.files = FileAsker(settings, widget)

    def folder(self, kind: str, title: str) -> Path | None:
        """A folder; None when the user thinks better of it."""
        chosen = self.pick_folder(title, self._settings.folder(kind))
        if not chosen:
            return None
        self._settings.remember_folder(kind, Path(chosen))
        return Path(chosen)

    def file(self, kind: str, title: str, filters: str) -> Path | None:
        """A file to read."""
        return self.files.open(kind, title, filters)

    def save(self, title: str, name: str, filters: str) -> Path | None:
        """A file to write."""
        found = self.files.save("training-export", title, name, filters)
        return found[0] if found is not None else None

    def pick_folder(self, title: str, folder: str) -> str:
        """The dialog itself; "" for none."""
        return QFileDialog.getExistingDirectory(self._widget, title, folder)
