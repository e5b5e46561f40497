"""How the user starts Tessera, for sentences that say what to type next."""

from __future__ import annotations

import os
import sys
from pathlib import Path

STARTED_AS = "TESSERA_STARTED_AS"
"""The environment variable by which run.py hands on what stood before its arguments."""


def program() -> str:
    """What stands before a command: "python3 run.py" (as it was typed), "tessera", "tessera-cli" in a bundle."""
    if getattr(sys, "frozen", False):
        return "tessera-cli"
    if Path(sys.argv[0]).stem in ("tessera", "tessera-editor"):
        return "tessera"
    return os.environ.get(STARTED_AS) or "python -m engine"
