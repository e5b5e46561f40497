"""Loading torch without freezing the window.

Python's import of torch holds the interpreter lock while the system loads and links its largest library, half a
second or more in which the window would not answer. Loading that library through a foreign call first, which lets
go of the lock, leaves little to do under it.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.jobs.session_gate import session_factory

LIBRARIES = ("libc10.so", "libtorch_cpu.so")  # no Python inside: their start code needs no interpreter


def engine_sessions(device: str) -> Callable[[], Any]:
    """A factory of sessions on ``device`` for the lanes; called in a worker."""
    make = session_factory(device)

    def warm() -> Any:
        preload_torch()
        return make()

    return warm


def preload_torch() -> int:
    """Load torch's large libraries in this thread while others go on; returns how many were loaded.

    Does nothing where torch is loaded already or the system has no ``dlopen``; failing is no error, the import
    that follows says what is wrong.
    """
    if "torch" in sys.modules or not sys.platform.startswith("linux"):
        return 0
    spec = importlib.util.find_spec("torch")
    if spec is None or spec.origin is None:
        return 0
    try:
        process = ctypes.CDLL(None)
        process.dlopen.restype = ctypes.c_void_p
        process.dlopen.argtypes = [ctypes.c_char_p, ctypes.c_int]
    except (OSError, AttributeError):
        return 0
    folder = Path(spec.origin).parent / "lib"
    files = [folder / name for name in LIBRARIES]
    return sum(bool(process.dlopen(os.fsencode(file), os.RTLD_LAZY)) for file in files if file.is_file())
