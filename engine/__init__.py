"""Tessera's engine: models, synthesis, training, metrics and files, without any user interface.

Importing this package is cheap: torch is imported by the modules that compute, never by this one,
so that the editor can show its first frame and the command line its help before torch is loaded.
"""

from __future__ import annotations

import os

# Threads that wait for each other by spinning starve on a busy computer: a picture of 0.5 s took 24 s beside two busy
# programs. Said before torch loads its OpenMP library; a user's own setting wins.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

__version__ = "0.1.0"
