"""Asking for files: every kind of dialog remembers its own folder."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QWidget

from app.shell.settings import Settings

PICTURES = "*.png *.jpg *.jpeg *.jfif *.webp *.tif *.tiff *.bmp *.gif"


class FileAsker(QObject):
    """Opens the system's file dialogs. Tests replace ``pick_open`` and ``pick_save``."""

    def __init__(self, settings: Settings, parent: QWidget) -> None:
        super().__init__(parent)
        self._settings = settings
        self._widget = parent

    def open(self, kind: str, title: str, filters: str) -> Path | None:
        """A file to read; None when the user thinks better of it."""
        chosen = self.pick_open(title, self._settings.folder(kind), filters)
        return self._remember(kind, chosen)

    def save(self, kind: str, title: str, name: str, filters: str) -> tuple[Path, str] | None:
        """A file to write, with the filter that was chosen; None when the user thinks better of it.

        A name without a suffix gets the first one of the chosen filter.
        """
        folder = self._settings.folder(kind)
        chosen, used = self.pick_save(title, str(Path(folder) / name) if folder else name, filters)
        path = self._remember(kind, chosen)
        if path is None:
            return None
        suffixes = suffixes_of(used)
        if suffixes and path.suffix.lower() not in all_suffixes(filters):
            path = path.with_name(path.name + suffixes[0])
        return path, used

    def pick_open(self, title: str, folder: str, filters: str) -> str:
        """The dialog itself; "" for none."""
        return QFileDialog.getOpenFileName(self._widget, title, folder, filters)[0]

    def pick_save(self, title: str, path: str, filters: str) -> tuple[str, str]:
        """The dialog itself: path and chosen filter; "" for none."""
        return QFileDialog.getSaveFileName(self._widget, title, path, filters)

    def _remember(self, kind: str, chosen: str) -> Path | None:
        if not chosen:
            return None
        path = Path(chosen)
        self._settings.remember_folder(kind, path)
        return path


def suffixes_of(chosen: str) -> list[str]:
    """The suffixes of one filter: "PNG (*.png)" -> [".png"]."""
    inside = chosen[chosen.rfind("(") + 1 : chosen.rfind(")")] if "(" in chosen else ""
    return [part[1:].lower() for part in inside.split() if part.startswith("*.")]


def all_suffixes(filters: str) -> set[str]:
    """The suffixes of all filters of a dialog."""
    return {suffix for part in filters.split(";;") for suffix in suffixes_of(part)}
