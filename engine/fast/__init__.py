"""Exact fast inference for generators that are conditioned on a label map.

In SEAN and SPADE nearly nine tenths of the arithmetic computes modulations, which depend on nothing but the labels
near a pixel and the style codes. Painted label maps have few distinct neighbourhoods, so this package evaluates
each of them once and keeps what an edit leaves unchanged. The numbers are those of the literal networks in
`engine.nn` and `engine.models`; tests/engine/fast compares them.

Reading order: `neighbourhoods` (coding pixels), `levels` (which rows are kept), `modulation` and `styles` (what a
row holds), `pixels` (one gather and multiply-add), `convolution`, and the two renderers `sean` and `spade`.
"""

from __future__ import annotations

from engine.fast.sean import FastSEAN
from engine.fast.spade import FastSPADE

__all__ = ["FastSEAN", "FastSPADE"]
