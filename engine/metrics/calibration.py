"""What a parser's confidence is worth: from which confidence on its label maps are good."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

GOOD = 0.5
"""mIoU over which a label map counts as good: it needs retouching, not painting anew."""
RIGHT = 0.95
"""Share of the maps called sure that must be good."""


def sure_from(confidences: Sequence[float], mean_ious: Sequence[float], right: float = RIGHT) -> float | None:
    """The least confidence from which at least `right` of the maps have an mIoU over `GOOD`; None if there is none.

    confidences, mean_ious: of the same pictures, 0..1.
    """
    confidence, good = np.asarray(confidences), np.asarray(mean_ious) > GOOD
    order = np.argsort(-confidence, kind="stable")
    shares = np.cumsum(good[order]) / np.arange(1, len(order) + 1)
    last = np.append(confidence[order][1:] < confidence[order][:-1], True)  # equal confidences stand or fall together
    enough = np.flatnonzero((shares >= right) & last)
    return float(confidence[order][enough[-1]]) if len(enough) else None


def how_sure(confidences: Sequence[float], mean_ious: Sequence[float], threshold: float) -> dict[str, float | None]:
    """At a threshold: "sure", the share of the maps that are called sure; "sure_right", the share of those that are
    good (None where none is sure); "sure_from", the threshold that `sure_from` would choose."""
    sure = np.asarray(confidences) >= threshold
    good = np.asarray(mean_ious)[sure] > GOOD
    return {
        "sure": float(sure.mean()),
        "sure_right": float(good.mean()) if len(good) else None,
        "sure_from": sure_from(confidences, mean_ious),
    }
