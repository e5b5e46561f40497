"""Carries the network block into every Python that a test starts: conftest puts this folder on PYTHONPATH."""

from __future__ import annotations

import importlib.util
from pathlib import Path

_FILE = Path(__file__).parent.parent / "network.py"
_spec = importlib.util.spec_from_file_location("_tessera_network", _FILE)
assert _spec is not None and _spec.loader is not None
_network = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_network)
_network.block()
