"""Painting with a code so that the picture shows it: a generator reaches a code only about."""

from __future__ import annotations

import numpy as np

Array = np.ndarray

AIMING = 0.5
"""Of what a painted region's code lacks, how much is added: all of it comes nearest, but leads some codes to where no
picture was, which paint stripes and odd hues."""


def aimed(wanted: Array, reached: Array) -> Array:
    """The code to paint with so that the region shows `wanted`, where painting with that showed `reached`: all (D,).

    A damped step towards the fixed point.
    """
    return wanted + np.float32(AIMING) * (wanted - reached)
