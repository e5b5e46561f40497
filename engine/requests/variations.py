"""Requests that differ from another in one thing: a region drawn again, a region of another label.

Pure functions, requests in and requests out; nothing is painted here. Whatever is not named stays as it is, to the
last bit of its style code.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

import numpy as np

from engine.errors import BadRequest
from engine.requests.label_map_data import LabelMapData
from engine.requests.render import RenderRequest
from engine.requests.styles import MAX_SEED, SampleStyle, Style

MAX_VARIATIONS = 64


def with_style(request: RenderRequest, labels: int | Collection[int], style: Style) -> RenderRequest:
    """The request with `style` for a label, or for several at once.

    Weights whose style decides the whole picture (`Abilities.scope == "picture"`) want all labels set alike.
    """
    changed: RenderRequest = request.replace(styles={**request.styles, **dict.fromkeys(_labels(labels), style)})
    return changed


def variations(
    request: RenderRequest, labels: int | Collection[int], count: int = 6, seed: int = 0
) -> list[RenderRequest]:
    """`count` requests in which the labels have drawn styles, everything else as it is.

    The drawn styles have the seeds `seed`, `seed + 1` and so on (after the largest comes 0), without one that all
    the labels have already, so that each can be named to a user and drawn again.

    Raises:
        BadRequest: no label, or not 1 to 64 variations.
    """
    if not 1 <= count <= MAX_VARIATIONS:
        raise BadRequest("{0} variations cannot be made; ask for 1 to {1}.", count, MAX_VARIATIONS)
    chosen_labels = _labels(labels)
    current_styles = {request.style(label) for label in chosen_labels}
    styles = (style for style in _draws(seed) if current_styles != {style})
    return [with_style(request, chosen_labels, next(styles)) for _ in range(count)]


def relabelled(request: RenderRequest, changes: Mapping[int, int]) -> RenderRequest:
    """Semantic manipulation: every pixel of label a becomes b for each {a: b}, all at once (two labels can swap).

    The region takes the style that its new label has.

    Raises:
        BadRequest: the label map has no pixel of a label that is to change.
    """
    label_map = request.label_map.array()
    label_table = np.arange(256, dtype=np.uint8)
    for old_label, new_label in changes.items():
        if not (label_map == old_label).any():
            raise BadRequest("The label map has no region of the label {0}, so it cannot become another.", old_label)
        label_table[old_label] = new_label
    changed: RenderRequest = request.replace(label_map=LabelMapData.from_array(label_table[label_map]))
    return changed


def _draws(seed: int) -> Iterator[SampleStyle]:
    while True:
        yield SampleStyle(seed)
        seed = (seed + 1) % (MAX_SEED + 1)


def _labels(labels: int | Iterable[int]) -> list[int]:
    chosen_labels = sorted(set(labels)) if isinstance(labels, Iterable) else [labels]
    if not chosen_labels:
        raise BadRequest("No label was chosen; name the region that should vary.")
    return chosen_labels
