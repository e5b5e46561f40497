"""Style morphing: the requests on the way from one style of a region to another. Pure; nothing is painted here."""

from __future__ import annotations

from collections.abc import Collection

from engine.errors import BadRequest
from engine.requests.render import RenderRequest
from engine.requests.styles import Style, mix
from engine.requests.variations import with_style

MIN_FRAMES, MAX_FRAMES = 2, 240


def morph(
    request: RenderRequest, labels: int | Collection[int], first_style: Style, last_style: Style, frames: int = 9
) -> list[RenderRequest]:
    """`frames` requests in which the labels' style goes from one to the other in equal steps of the style code.

    The first request has `first_style` itself, the last `last_style`; everything else stays as it is.

    Raises:
        BadRequest: no label, or not 2 to 240 frames.
    """
    if not MIN_FRAMES <= frames <= MAX_FRAMES:
        raise BadRequest("{0} frames cannot be made; ask for {1} to {2}.", frames, MIN_FRAMES, MAX_FRAMES)
    between = [mix(first_style, last_style, number / (frames - 1)) for number in range(1, frames - 1)]
    return [with_style(request, labels, style) for style in (first_style, *between, last_style)]
