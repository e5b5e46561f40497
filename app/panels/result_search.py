"""Which kept pictures a search finds: by what their labels look like, by number, weights and seed."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from app.document.results import Result
from app.document.scene import Scene
from app.library.names import colour_word
from app.texts.label_names import label_name, style_source
from engine.requests.styles import MEAN, ColourStyle


def label_texts(scene: Scene) -> tuple[str, ...]:
    """A text for each label that a search may find a picture by: its names, and where its style comes from. Of a photo
    those that are edited; of a painting all that it shows."""
    label_set, styles = scene.label_set, scene.styles
    shown = styles if scene.kind.shows_photo else [*map(int, np.flatnonzero(scene.label_map.areas)), *scene.pieces]
    texts: list[str] = []
    for region in sorted(shown):
        label_id, style = scene.pieces.get(region, region), styles.get(region, MEAN)
        label = label_set.labels[label_id]
        names = [label.name, label.name_zh or "", label_name(label), style_source(style, label_id, label_set)]
        if isinstance(style, ColourStyle):
            names.append(colour_word(tuple(round(255 * channel) for channel in style.rgb()), label_id, label_set))
        texts.append(" ".join(names).casefold())
    return tuple(texts)


def is_found(result: Result, texts: Collection[str], words: str) -> bool:
    """Whether one of its texts holds all of the words, in whatever order and case; its number, its weights and its seed
    count wherever they stand."""
    scene = result.scene
    own_words = {str(result.number), str(scene.seed), scene.weights.casefold()}
    wanted_words = set(words.casefold().split()) - own_words
    return not wanted_words or any(all(word in text for word in wanted_words) for text in texts)
