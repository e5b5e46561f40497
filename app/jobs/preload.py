"""Loads torch's libraries without stopping the window.

`import torch` loads some 200 MB of shared libraries (gigabytes with CUDA) while it holds Python's lock, which
freezes the GUI thread for a second. A foreign call lets go of the lock (Qt's does not: QLibrary stopped the window
for 0.9 s); after that the import finds the largest in memory, and what it still does in Python gives way to other
threads every few milliseconds.
"""

from __future__ import annotations

import ctypes
import gc
import importlib.util
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LIBRARIES = ("libc10", "libtorch_cpu")  # no Python inside: their start code needs no interpreter

_set_aside: list[bool] = []


@contextmanager
def large_import() -> Iterator[None]:
    """Around an import of something large, in any thread: the window is not stopped to look for garbage.

    Python's collector walks through all objects while it holds Python's lock, again and again as an import makes more:
    a quarter of a second at a time for torch with lightning-fabric. What is imported first (torch, with the engine) is
    most of it and stays, so it need not be looked through later either. It is set aside once only: each time, garbage
    that has not been collected yet stays with it for ever.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if not _set_aside:
            _set_aside.append(True)
            gc.freeze()
        if collecting:
            gc.enable()


def preload_torch() -> int:
    """Load torch's large libraries in this worker thread while others go on; returns how many were loaded.

    Does nothing where torch is loaded already, nor on Windows: there torch sets up the folders of its libraries only
    when it is imported. Failing is no error: the import that follows says what is wrong.
    """
    if "torch" in sys.modules or sys.platform == "win32":
        return 0
    module_spec = importlib.util.find_spec("torch")
    if module_spec is None or module_spec.origin is None:
        return 0
    try:
        open_library = ctypes.CDLL(None).dlopen
    except (OSError, AttributeError):
        return 0
    open_library.restype, open_library.argtypes = ctypes.c_void_p, [ctypes.c_char_p, ctypes.c_int]
    folder, suffix = Path(module_spec.origin).parent / "lib", "dylib" if sys.platform == "darwin" else "so"
    library_files = [folder / f"{library_name}.{suffix}" for library_name in _LIBRARIES]
    return sum(bool(open_library(os.fsencode(file), os.RTLD_LAZY)) for file in library_files if file.is_file())
