"""Loads torch's libraries without stopping the window.

`import torch` loads some 200 MB of shared libraries (gigabytes with CUDA) while it holds Python's lock, which
freezes the GUI thread for a fifth of a second and more. Qt loads a library without holding the lock; after
that the import finds everything in memory, and what it still does in Python gives way to other threads every
few milliseconds.
"""

from __future__ import annotations

import gc
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PySide6.QtCore import QLibrary

# In the order, and with the visibility, in which torch itself loads them.
_LIBRARIES = (
    ("libtorch_global_deps", QLibrary.LoadHint.ExportExternalSymbolsHint),
    ("libtorch_python", QLibrary.LoadHint(0)),
)

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


def preload_torch() -> bool:
    """Call in a worker thread before torch is imported. False where it does not apply; the import works
    anyway.

    Not on Windows: there torch sets up the folders of its libraries only when it is imported.
    """
    if "torch" in sys.modules or sys.platform == "win32":
        return False
    torch_spec = importlib.util.find_spec("torch")
    if torch_spec is None or torch_spec.origin is None:
        return False
    folder = Path(torch_spec.origin).parent / "lib"
    suffix = "dylib" if sys.platform == "darwin" else "so"
    loaded = False
    for name, hint in _LIBRARIES:
        library = QLibrary(str(folder / f"{name}.{suffix}"))
        library.setLoadHints(hint)
        loaded = library.load()  # stays loaded when the QLibrary goes
    return loaded
