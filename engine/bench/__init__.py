"""Benchmarks: what `tessera bench` measures. `synthesis` compares the literal networks with `engine.fast`."""

from __future__ import annotations
