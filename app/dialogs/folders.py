"""Asking for folders, as `app.dialogs.files` asks for files: every kind of dialog remembers its place."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QWidget

from app.dialogs.files import FileAsker, first_folder
from app.shell.settings import Settings


class FolderAsker(QObject):
    """Opens the system's dialogs for folders, and for files through a FileAsker. Tests replace ``pick_folder``."""

    def __init__(self, settings: Settings, widget: QWidget) -> None:
        super().__init__(widget)
        self._settings = settings
        self._widget = widget
        self.files = FileAsker(settings, widget)

    def folder(self, dialog_kind: str, title: str) -> Path | None:
        """A folder; None when the user cancels."""
        chosen_folder = self.pick_folder(title, self._settings.folder(dialog_kind) or first_folder(dialog_kind))
        if not chosen_folder:
            return None
        self._settings.remember_folder(dialog_kind, Path(chosen_folder))
        return Path(chosen_folder)

    def file(self, dialog_kind: str, title: str, name_filters: str) -> Path | None:
        """A file to read."""
        return self.files.open(dialog_kind, title, name_filters)

    def save(self, title: str, proposed_name: str, name_filters: str) -> Path | None:
        """A file to write."""
        chosen_target = self.files.save("training-export", title, proposed_name, name_filters)
        return chosen_target[0] if chosen_target is not None else None

    def pick_folder(self, title: str, start: str) -> str:
        """The dialog itself; "" for none."""
        return QFileDialog.getExistingDirectory(self._widget, title, start)
