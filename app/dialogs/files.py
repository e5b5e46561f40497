"""Asking for files: every kind of dialog remembers its own folder."""

from __future__ import annotations

import os
from pathlib import Path

from PySide6.QtCore import QObject, QStandardPaths, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from app.shell.i18n import tr
from app.shell.settings import Settings
from engine.errors import BadFile
from engine.files import LONGEST_NAME, check_name, name_length

PICTURES = "*.png *.jpg *.jpeg *.jfif *.webp *.tif *.tiff *.bmp *.gif *.heic *.heif *.avif"


def picture_filters() -> str:
    """What may be opened where a picture is asked for."""
    return tr("Pictures ({0})").format(PICTURES) + ";;" + tr("All files (*)")


def export_filters() -> str:
    """The formats of an exported picture."""
    return ";;".join(
        (
            tr("PNG, restores everything when opened (*.png)"),
            tr("JPEG (*.jpg *.jpeg)"),
            tr("WebP (*.webp)"),
            tr("TIFF (*.tiff *.tif)"),
        )
    )


def photo_filters(suffix: str) -> str:
    """The formats of an edited photo, that of ``suffix`` first."""
    formats = [
        (tr("JPEG (*.jpg *.jpeg)"), (".jpg", ".jpeg")),
        (tr("PNG (*.png)"), (".png",)),
        (tr("WebP (*.webp)"), (".webp",)),
        (tr("TIFF (*.tiff *.tif)"), (".tiff", ".tif")),
    ]
    return ";;".join(caption for caption, _ in sorted(formats, key=lambda known: suffix not in known[1]))


_FIRST_PLACES = {"weights": QStandardPaths.StandardLocation.DownloadLocation}
"""Where dialogs start that are not about pictures, by their kind."""


def first_folder(dialog_kind: str) -> str:
    """Where a dialog starts of which no folder is remembered: among the user's pictures, or with their downloads."""
    place = _FIRST_PLACES.get(dialog_kind, QStandardPaths.StandardLocation.PicturesLocation)
    folders = (QStandardPaths.writableLocation(place), str(Path.home()))
    return next((folder for folder in folders if folder and os.path.isdir(folder)), "")


class FileAsker(QObject):
    """Opens the system's file dialogs. Tests replace ``pick_open`` and ``pick_save``."""

    refused = Signal(object)  # BadFile: the name to save under is none that a file can have

    def __init__(self, settings: Settings, parent: QWidget) -> None:
        super().__init__(parent)
        self._settings = settings
        self._widget = parent

    def open(self, dialog_kind: str, title: str, name_filters: str) -> Path | None:
        """A file to read; None when the user cancels."""
        start = self._settings.folder(dialog_kind) or first_folder(dialog_kind)
        chosen_name = self.pick_open(title, start, name_filters)
        return self._remember(dialog_kind, chosen_name)

    def save(
        self, dialog_kind: str, title: str, proposed_name: str, name_filters: str, *, beside: str = ""
    ) -> tuple[Path, str] | None:
        """A file to write, with the filter that was chosen; None when the user cancels.

        A name without a suffix gets the first one of the chosen filter. ``beside``: the folder where the dialog
        starts while none is remembered. A name that no file can have is refused here, before anything is made.
        """
        start = self._settings.folder(dialog_kind) or beside or first_folder(dialog_kind)
        chosen_name, used_filter = self.pick_save(title, str(Path(start) / fitting_name(proposed_name)), name_filters)
        chosen_path = self._remember(dialog_kind, chosen_name)
        if chosen_path is None:
            return None
        suffixes = suffixes_of(used_filter)
        if suffixes and chosen_path.suffix.lower() not in all_suffixes(name_filters):
            chosen_path = chosen_path.with_name(chosen_path.name + suffixes[0])
        try:
            check_name(chosen_path)
        except BadFile as error:
            self.refused.emit(error)
            return None
        return chosen_path, used_filter

    def pick_open(self, title: str, start: str, name_filters: str) -> str:
        """The dialog itself; "" for none."""
        return QFileDialog.getOpenFileName(self._widget, title, start, name_filters)[0]

    def pick_save(self, title: str, proposed_path: str, name_filters: str) -> tuple[str, str]:
        """The dialog itself: path and chosen filter; "" for none."""
        return QFileDialog.getSaveFileName(self._widget, title, proposed_path, name_filters)

    def _remember(self, dialog_kind: str, chosen_name: str) -> Path | None:
        if not chosen_name:
            return None
        chosen_path = Path(chosen_name)
        self._settings.remember_folder(dialog_kind, chosen_path)
        return chosen_path


def fitting_name(file_name: str) -> str:
    """A name made of another one, without the end of its stem where it is longer than names can be."""
    stem, suffix = os.path.splitext(file_name)
    while stem and name_length(stem + suffix) > LONGEST_NAME:
        stem = stem[:-1]
    return stem + suffix


def suffixes_of(name_filter: str) -> list[str]:
    """The suffixes of one filter: "PNG (*.png)" -> [".png"]."""
    patterns = name_filter[name_filter.rfind("(") + 1 : name_filter.rfind(")")] if "(" in name_filter else ""
    return [pattern[1:].lower() for pattern in patterns.split() if pattern.startswith("*.")]


def all_suffixes(name_filters: str) -> set[str]:
    """The suffixes of all filters of a dialog."""
    return {suffix for name_filter in name_filters.split(";;") for suffix in suffixes_of(name_filter)}
