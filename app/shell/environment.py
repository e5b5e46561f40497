"""What must be right before Qt starts."""

from __future__ import annotations

from collections.abc import MutableMapping

FOREIGN = ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR", "QT_PLUGIN_PATH")


def drop_foreign_qt_paths(environment: MutableMapping[str, str]) -> list[str]:
    """Remove Qt paths that point into opencv-python.

    Importing ``cv2`` from opencv-python writes the path of its own, older Qt into the process's
    environment (and so into that of every program started from it); PySide6 would then load a foreign
    platform plugin and abort.

    Returns:
        The names that were removed.
    """
    dropped_variables = [
        variable for variable in FOREIGN if "cv2" in environment.get(variable, "").replace("\\", "/").split("/")
    ]
    for variable in dropped_variables:
        del environment[variable]
    return dropped_variables
