"""What the user chose and the editor remembers: one INI file, typed access, a default for everything."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, QObject, QSettings, Signal

from app.shell.paths import user_dir
from engine.errors import BadRequest
from engine.labels.colour_tables import ColourTable, colour_table, table_fields
from engine.labels.label_sets import LabelSet
from engine.plain_data import BadText, parse_json

RECENT = 10
COLOUR_TABLES = 100
"""Folders of which is remembered what the colours of their label maps mean."""
THEMES = ("system", "light", "dark")
LANGUAGES = ("system", "en", "zh_CN")
VIEWS = ("stack", "side_by_side", "wipe")


class Settings(QObject):
    """Remembered choices. A value that does not read is replaced by its default, never an error."""

    recent_changed = Signal()

    def __init__(self, path: Path | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._path = _file_at(path or user_dir("config") / "tessera.ini")
        self._store = QSettings(str(self._path), QSettings.Format.IniFormat, self)

    # --- plain values -------------------------------------------------------------------------------

    def _text(self, setting_key: str, default_value: str, allowed_values: tuple[str, ...] = ()) -> str:
        value = self._store.value(setting_key, default_value)
        if not isinstance(value, str) or (allowed_values and value not in allowed_values):
            return default_value
        return value

    def _number(self, setting_key: str, default_value: int, lowest: int, highest: int) -> int:
        try:
            return min(highest, max(lowest, int(str(self._store.value(setting_key, default_value)))))
        except ValueError:
            return default_value

    def _flag(self, setting_key: str, default_value: bool) -> bool:
        return str(self._store.value(setting_key, default_value)).lower() in ("true", "1")

    @property
    def theme(self) -> str:
        """One of THEMES."""
        return self._text("looks/theme", "system", THEMES)

    @theme.setter
    def theme(self, value: str) -> None:
        self._store.setValue("looks/theme", value)

    @property
    def language(self) -> str:
        """One of LANGUAGES."""
        return self._text("looks/language", "system", LANGUAGES)

    @language.setter
    def language(self, value: str) -> None:
        self._store.setValue("looks/language", value)

    @property
    def view(self) -> str:
        """How map and picture are shown, one of VIEWS."""
        return self._text("view/mode", "stack", VIEWS)

    @view.setter
    def view(self, value: str) -> None:
        self._store.setValue("view/mode", value)

    @property
    def overlay(self) -> int:
        """Opacity of the label map over the picture, per cent: at first one sees the picture."""
        return self._number("view/overlay", 0, 0, 100)

    @overlay.setter
    def overlay(self, value: int) -> None:
        self._store.setValue("view/overlay", value)

    @property
    def photo_overlay(self) -> int:
        """Opacity of the label map over a photo that is edited, per cent: at first one sees the photo."""
        return self._number("view/photo_overlay", 0, 0, 100)

    @photo_overlay.setter
    def photo_overlay(self, value: int) -> None:
        self._store.setValue("view/photo_overlay", value)

    @property
    def enlarged(self) -> str:
        """How pictures are shown larger than they are, the name of an `Enlarged`."""
        return self._text("view/enlarged", "SMOOTH", ("SMOOTH", "PIXELS"))

    @enlarged.setter
    def enlarged(self, value: str) -> None:
        self._store.setValue("view/enlarged", value)

    @property
    def brush(self) -> int:
        """Brush diameter in label map pixels, 1 to 1024."""
        return self._number("tools/brush", 16, 1, 1024)

    @brush.setter
    def brush(self, value: int) -> None:
        self._store.setValue("tools/brush", value)

    def label(self, label_set_name: str) -> int:
        """The label last chosen in documents of a label set; -1 where none was."""
        return self._number(f"labels/{label_set_name}", -1, -1, 255)

    def remember_label(self, label_set_name: str, label_id: int) -> None:
        """Remember the label that the user chose."""
        self._store.setValue(f"labels/{label_set_name}", label_id)

    @property
    def device(self) -> str:
        """ "auto" or a device id of the engine, e.g. "cpu" or "cuda:0"."""
        return self._text("engine/device", "auto")

    @device.setter
    def device(self, value: str) -> None:
        self._store.setValue("engine/device", value)

    @property
    def always_show_regions(self) -> bool:
        """Show a dropped photo's regions even when the parser is sure of them."""
        return self._flag("styles/always_show_regions", True)

    @always_show_regions.setter
    def always_show_regions(self, value: bool) -> None:
        self._store.setValue("styles/always_show_regions", value)

    @property
    def keep_results(self) -> bool:
        """Put every finished picture into the results."""
        return self._flag("results/keep", True)

    @keep_results.setter
    def keep_results(self, value: bool) -> None:
        self._store.setValue("results/keep", value)

    # --- colours of label maps ------------------------------------------------------------------------

    def colour_table(self, folder: Path, label_set: LabelSet) -> dict[int, int]:
        """Which label (its id) each 0xRRGGBB means in the label maps of a folder, as the user said; {} where nothing
        was said. Labels that the set no longer has are left out."""
        fields = self._colour_tables().get(_table_key(folder, label_set.name), {})
        table: dict[int, int] = {}
        for colour, label in fields.items() if isinstance(fields, dict) else ():
            with suppress(BadRequest):
                table |= colour_table({f"#{colour.removeprefix('#')}": label}, label_set)
        return table

    def keep_colour_table(self, folder: Path, label_set: LabelSet, table: ColourTable) -> None:
        """Remember what the user said of the colours of a folder's label maps, by the labels' names, which other ids
        may have one day; an empty table forgets it."""
        key = _table_key(folder, label_set.name)
        tables = {other: fields for other, fields in self._colour_tables().items() if other != key}
        if table:
            tables[key] = table_fields(table, label_set)
        newest = dict(list(tables.items())[-COLOUR_TABLES:])
        self._store.setValue("colours/tables", json.dumps(newest, ensure_ascii=False))

    def _colour_tables(self) -> dict[str, Any]:
        try:
            tables = parse_json(self._text("colours/tables", "{}"))
        except BadText:
            return {}
        return tables if isinstance(tables, dict) else {}

    # --- folders and recent files -------------------------------------------------------------------

    def folder(self, dialog_kind: str) -> str:
        """The folder last used for ``dialog_kind`` of file dialog ("open", "export", "photo", ...), "" at first."""
        value = self._text(f"folders/{dialog_kind}", "")
        return value if value and os.path.isdir(value) else ""  # nor where it cannot be looked at

    def remember_folder(self, dialog_kind: str, chosen_file: Path) -> None:
        """Remember the folder of a file the user chose."""
        self._store.setValue(f"folders/{dialog_kind}", str(chosen_file.parent))

    def recent(self) -> list[Path]:
        """The last opened or exported files that can be opened again, newest first."""
        value = self._store.value("files/recent", [])
        recent_files = [value] if isinstance(value, str) else value if isinstance(value, list) else []
        return [Path(str(recent_file)) for recent_file in recent_files if recent_file][:RECENT]

    def add_recent(self, chosen_file: Path) -> None:
        """Put ``chosen_file`` on top of the recent files."""
        chosen_file = chosen_file.absolute()
        other_files = [recent_file for recent_file in self.recent() if recent_file != chosen_file]
        self._store.setValue("files/recent", [str(recent_file) for recent_file in [chosen_file, *other_files][:RECENT]])
        self.recent_changed.emit()

    def clear_recent(self) -> None:
        """Forget the recent files."""
        self._store.setValue("files/recent", [])
        self.recent_changed.emit()

    # --- the window ---------------------------------------------------------------------------------

    def window_state(self) -> tuple[QByteArray, QByteArray]:
        """Geometry and dock state as saved, empty at first."""
        stored_values = [
            self._store.value(f"window/{setting_key}", QByteArray()) for setting_key in ("geometry", "state")
        ]
        geometry, state = (
            stored_value if isinstance(stored_value, QByteArray) else QByteArray() for stored_value in stored_values
        )
        return geometry, state

    def save_window_state(self, geometry: QByteArray, state: QByteArray) -> None:
        """Remember the window's place and its docks."""
        self._store.setValue("window/geometry", geometry)
        self._store.setValue("window/state", state)

    def sync(self) -> None:
        """Write to the disk now."""
        self._store.sync()


def _file_at(path: Path) -> Path:
    """The path, or one beside it where something that is no file has its name: Qt would wait for a pipe for ever."""
    return path if os.path.isfile(path) or not os.path.exists(path) else path.with_stem(f"{path.stem}-settings")


def _table_key(folder: Path, label_set_name: str) -> str:
    return f"{label_set_name} {folder.absolute()}"
