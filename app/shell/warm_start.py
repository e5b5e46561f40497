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
from typing import TYPE_CHECKING, Any

from app.jobs.session_gate import session_factory
from app.jobs.work_lane import Work

if TYPE_CHECKING:
    from engine.devices import Device

LIBRARIES = ("libc10.so", "libtorch_cpu.so")  # no Python inside: their start code needs no interpreter


def engine_sessions(device: str) -> Callable[[], Any]:
    """A factory of sessions on ``device`` for the lanes; called in a worker."""
    make_session = session_factory(device)

    def warm() -> Any:
        preload_torch()
        return make_session()

    return warm


def find_devices(work: Work) -> list[Device]:
    """The devices that can be trained and painted on. Call it in a worker: it imports torch."""
    preload_torch()
    from engine.devices import list_devices

    work.check()
    return list_devices()


def preload_torch() -> int:
    """Load torch's large libraries in this thread while others go on; returns how many were loaded.

    Does nothing where torch is loaded already or the system has no ``dlopen``; failing is no error, the import
    that follows says what is wrong.
    """
    if "torch" in sys.modules or not sys.platform.startswith("linux"):
        return 0
    module_spec = importlib.util.find_spec("torch")
    if module_spec is None or module_spec.origin is None:
        return 0
    try:
        this_process = ctypes.CDLL(None)
        this_process.dlopen.restype = ctypes.c_void_p
        this_process.dlopen.argtypes = [ctypes.c_char_p, ctypes.c_int]
    except (OSError, AttributeError):
        return 0
    library_folder = Path(module_spec.origin).parent / "lib"
    library_files = [library_folder / library_name for library_name in LIBRARIES]
    return sum(
        bool(this_process.dlopen(os.fsencode(library_file), os.RTLD_LAZY))
        for library_file in library_files
        if library_file.is_file()
    )
