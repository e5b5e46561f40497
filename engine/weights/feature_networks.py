"""Where feature networks lie: frozen networks that judge pictures, which a user puts in place. Imports no torch."""

from __future__ import annotations

import os
from pathlib import Path

from engine.files import root, user_data_folder


def install_folder() -> Path:
    """Where a user puts feature networks."""
    return user_data_folder() / "nets"


def search_path() -> list[Path]:
    """Folders in which feature networks are looked for, first match wins.

    $TESSERA_NETS, the user's data folder, and `nets/` beside the program.
    """
    folders = [Path(folder) for folder in os.environ.get("TESSERA_NETS", "").split(os.pathsep) if folder]
    return [*folders, install_folder(), root() / "nets"]


def find_network_file(*file_names: str) -> Path | None:
    """The first of a network's files, in the first folder that holds all of them; None where it is not installed."""
    for folder in search_path():
        if all((folder / file_name).is_file() for file_name in file_names):
            return folder / file_names[0]
    return None
