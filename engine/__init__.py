"""Tessera's engine: models, synthesis, training, metrics and files, without any user interface.

Importing this package is cheap: torch is imported by the modules that compute, never by this one,
so that the editor can show its first frame and the command line its help before torch is loaded.
"""

from __future__ import annotations

import os

# How threads wait for each other. By spinning they starve on a busy computer: a picture of 0.5 s took 24 s beside two
# busy programs. Sleeping at once, two threads are slower than one, for the fast path's steps are short: a redraw of the
# published SEAN took 1.5 s. So they spin for some microseconds, then sleep: 0.5 s, and 2.8 s beside two busy programs.
# Said before torch loads its OpenMP library; a user's own setting wins.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "10000")

__version__ = "0.1.0"
