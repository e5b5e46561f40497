"""Tessera's engine: models, synthesis, training, metrics and files, without any user interface.

Importing this package is cheap: torch is imported by the modules that compute, never by this one,
so that the editor can show its first frame and the command line its help before torch is loaded.
"""

from __future__ import annotations

__version__ = "0.1.0"
