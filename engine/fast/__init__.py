"""Exact fast inference for generators that are conditioned on a label map.

In SEAN, SPADE and GroupDNet nearly nine tenths of the arithmetic computes modulations, which depend on nothing but
the labels near a pixel and the style codes. Painted label maps have few distinct neighbourhoods, so this package
evaluates each of them once and keeps what an edit leaves unchanged. The numbers are those of the literal networks in
`engine.nn` and `engine.models`; tests/engine/fast compares them.

Reading order: `neighbourhoods` (coding pixels), `levels` (which rows are kept), `modulation` (what a row holds) of
`branches`, `groups` and `styles`, `pixels` (one gather and multiply-add), `convolution`, and the renderers `sean`,
`spade` and `smis`.
"""

from __future__ import annotations

from engine.fast.sean import FastSEAN
from engine.fast.smis import FastSMIS
from engine.fast.spade import FastSPADE

__all__ = ["FastSEAN", "FastSMIS", "FastSPADE"]
