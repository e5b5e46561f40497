"""What the weights that ship must hold, beyond what any network of their kind does."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from engine.files import resource
from engine.labels.label_maps import read_label_map, resize_label_map
from engine.labels.label_sets import load_label_set
from engine.metrics.diversity import measure_change, measured_regions
from engine.requests.label_map_data import LabelMapData
from engine.requests.render import RenderRequest
from engine.requests.variations import variations
from engine.session import Session

MOST_OUTSIDE = 2.0
"""Mean absolute difference, of 255, that drawing one label's style may make in all other regions."""
TEMPLATES = ("portrait-long-hair", "portrait-short-hair", "portrait-fringe", "portrait-turned")


def test_drawing_one_region_of_the_shipped_groupdnet_leaves_the_others() -> None:
    session, inside, outside = Session(), defaultdict(list), defaultdict(list)
    for template in TEMPLATES:
        label_map = read_label_map(resource("templates") / f"{template}.png", load_label_set("faces")).label_map
        request = RenderRequest(weights="smis-faces", label_map=LabelMapData.from_array(label_map))
        for label, _ in measured_regions(label_map):
            painted = [session.run(one).pixels for one in variations(request, label, 3)]
            region = resize_label_map(label_map, *painted[0].shape[:2]) == label
            change = measure_change(None, painted, region)
            inside[label].append(change.inside)
            outside[label].append(change.outside)
    means = {label: float(np.mean(values)) for label, values in outside.items()}
    assert {label: value for label, value in means.items() if value > MOST_OUTSIDE} == {}
    assert max(float(np.mean(values)) for values in inside.values()) > 5 * MOST_OUTSIDE  # it is drawn at all
