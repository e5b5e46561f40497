"""Where things are: resources beside the code, the user's settings, logs and caches."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path

import platformdirs

APP = "Tessera"


def user_dir(folder_kind: str) -> Path:
    """The user's folder for ``folder_kind`` ("config", "log", "cache", "state": what is kept of documents, or
    "styles": the library), made when missing; where that fails, one for this run only.

    ``TESSERA_HOME`` moves all of them below one folder, with weights and networks (portable use).
    """
    portable_home = os.environ.get("TESSERA_HOME")
    if portable_home:
        user_folder = Path(portable_home) / folder_kind
    elif folder_kind == "config":
        user_folder = Path(platformdirs.user_config_dir(APP, appauthor=False))
    elif folder_kind == "log":
        user_folder = Path(platformdirs.user_log_dir(APP, appauthor=False))
    elif folder_kind == "state":
        user_folder = Path(platformdirs.user_state_dir(APP, appauthor=False))
    elif folder_kind == "styles":
        user_folder = Path(platformdirs.user_data_dir(APP, appauthor=False)) / "styles"
    else:
        user_folder = Path(platformdirs.user_cache_dir(APP, appauthor=False))
    try:
        user_folder.mkdir(parents=True, exist_ok=True)
    except OSError:  # a home that cannot be written must not keep the editor from starting
        with suppress(OSError):
            user_folder = _temporary_home() / folder_kind
            user_folder.mkdir(parents=True, exist_ok=True)
    return user_folder


@cache
def _temporary_home() -> Path:
    """A folder for this run only, in place of the user's. Raises OSError where there is none either."""
    return Path(tempfile.mkdtemp(prefix="tessera-"))
