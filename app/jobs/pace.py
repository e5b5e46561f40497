"""How large to paint next: pure arithmetic on measured times, no Qt, no threads, no clock.

While the hand moves, a picture that takes longer than a frame's budget is painted smaller, at the largest size that
fits the budget; when the hand rests, the exact picture follows. How long a size takes is learnt from the renders
themselves, for each of the weights apart.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

BUDGET_S = 0.1  # a preview may take this long: ten of them a second still feel like one movement
PATIENCE_S = 0.4  # an exact picture that takes longer than this is preceded by a preview
IDLE_S = 0.15  # after this long without a change, a hand that is still down counts as resting
BURST_S = 0.25  # changes that follow one another faster than this are one movement (a slider being dragged)

_FIRST_S, _FIRST_S_PER_PIXEL = 0.02, 4e-6  # what is assumed before anything is measured: a slow laptop
_WEIGHT = 0.4  # of a new measurement in the average
_FORGET = 24  # measurements of other sizes after which one is no longer believed
_SMALLER = 0.8  # time shrinks slower than the number of pixels: layers have a cost of their own


class Size(NamedTuple):
    """Height and width at which the network paints."""

    height: int
    width: int

    @property
    def pixels(self) -> int:
        return self.height * self.width


class Painting(NamedTuple):
    """One way to paint a request: a preview of some size, or the exact picture."""

    size: Size
    exact: bool


@dataclass
class _Average:
    seconds: float
    at: int  # the number of the measurement


@dataclass
class _Learnt:
    """What is known of one set of weights."""

    count: int = 0
    times: dict[Painting, _Average] = field(default_factory=dict)


class Pace:
    """Expected seconds for each painting, learnt as an exponential average. Not thread-safe."""

    def __init__(self) -> None:
        self._learnt: dict[Hashable, _Learnt] = {}

    def observe(self, pace_key: Hashable, painting: Painting, seconds: float) -> None:
        """A painting of that key (weights, precision, kind of request) took that long.

        The very first one read the weights from disk and filled caches: it is forgotten with the second.
        """
        learnt = self._learnt.setdefault(pace_key, _Learnt())
        if learnt.count == 1:
            learnt.times.clear()
        learnt.count += 1
        average = learnt.times.get(painting)
        new_average = seconds if average is None else average.seconds + _WEIGHT * (seconds - average.seconds)
        learnt.times[painting] = _Average(new_average, learnt.count)

    def seconds(self, pace_key: Hashable, painting: Painting) -> float:
        """How long a painting of that key will probably take.

        A painting that was not measured lately is judged by the measured one that is nearest in size.
        """
        learnt = self._learnt.get(pace_key)
        fresh = (
            {}
            if learnt is None
            else {
                measured_painting: average
                for measured_painting, average in learnt.times.items()
                if learnt.count - average.at <= _FORGET
            }
        )
        if painting in fresh:
            return fresh[painting].seconds
        if not fresh:
            return _FIRST_S + _FIRST_S_PER_PIXEL * painting.size.pixels
        pixels = painting.size.pixels
        nearest = min(
            fresh,
            key=lambda measured_painting: (
                abs(measured_painting.size.pixels - pixels),
                measured_painting.exact != painting.exact,
                measured_painting,
            ),
        )
        ratio = pixels / nearest.size.pixels
        return fresh[nearest].seconds * (ratio if ratio >= 1 else ratio**_SMALLER)


def choose(
    exact: Painting,
    previews: Sequence[Painting],
    seconds: Callable[[Painting], float],
    *,
    moving: bool,
    previewed: bool,
) -> Painting:
    """What to paint now.

    Args:
        exact: the exact picture.
        previews: the smaller ways, in any order; may be empty.
        seconds: how long each takes.
        moving: whether the next change is to be expected at any moment.
        previewed: whether this very request has been previewed: then only the exact picture is left to paint.

    Returns:
        The exact picture where it fits the budget, or where nobody waits for a quick answer; else the largest
        preview within the budget, or the smallest where none fits.
    """
    exact_seconds = seconds(exact)
    if previewed or not previews or exact_seconds <= BUDGET_S or (not moving and exact_seconds <= PATIENCE_S):
        return exact
    sizes = sorted(previews, key=lambda painting: painting.size.pixels)
    fitting = [painting for painting in sizes if seconds(painting) <= BUDGET_S]
    chosen = fitting[-1] if fitting else sizes[0]
    return chosen if seconds(chosen) < exact_seconds else exact


def gives_way(
    exact: Painting,
    previews: Sequence[Painting],
    seconds: Callable[[Painting], float],
    *,
    elapsed: float,
    moving: bool,
) -> bool:
    """Whether an exact picture that has been painted for `elapsed` seconds should stop for a newer request like it.

    Only if a preview of the newer one comes in its stead: otherwise someone who keeps changing things would never see
    a picture. And only if that is quicker than letting it end. A preview is never stopped.
    """
    instead = choose(exact, previews, seconds, moving=moving, previewed=False)
    return not instead.exact and seconds(exact) - elapsed > BUDGET_S
