"""Exact fast inference for generators that are conditioned on a label map.

In SEAN, SPADE and GroupDNet nearly nine tenths of the arithmetic computes modulations, which depend on nothing but
the labels near a pixel and the style codes. Painted label maps have few distinct neighbourhoods, so this package
evaluates each of them once and keeps what an edit leaves unchanged. The numbers are those of the literal networks in
`engine.nn` and `engine.systems`; tests/engine/fast and tests/engine/systems compare them.

Reading order: `neighbourhoods` (coding pixels), `levels` (which rows are kept), `modulation` (what a row holds) of
`branches`, `groups` and `styles`, `pixels` (one gather and multiply-add), `convolution`, `generator`, and
the renderers, each in its system's folder (`engine.systems.sean.fast` and its siblings).
"""

from __future__ import annotations
