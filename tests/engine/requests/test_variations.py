"""Variations, morphs and relabelled regions change what they name and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import BadRequest
from engine.requests.json_text import from_json, to_json
from engine.requests.morph import morph
from engine.requests.render import RenderRequest
from engine.requests.styles import MAX_SEED, MEAN, MixStyle, SampleStyle, mix
from engine.requests.variations import relabelled, variations, with_style
from tests.engine.requests.test_request import LABEL_MAPS, RENDERS, STYLES

LABELS = st.integers(0, 255)


@given(request=RENDERS, label=LABELS, count=st.integers(1, 8), seed=st.integers(0, MAX_SEED))
def test_variations_differ_from_each_other_in_the_style_of_their_label_only(request, label, count, seed):
    made = variations(request, label, count, seed)
    assert len(set(made)) == count and request not in made
    for one in made:
        assert isinstance(one.style(label), SampleStyle)
        assert one.replace(styles={}) == request.replace(styles={})
        assert {k: s for k, s in one.styles.items() if k != label} == {
            k: s for k, s in request.styles.items() if k != label
        }
        assert from_json(to_json(one)) == one
    assert made == variations(request, label, count, seed)


def test_variations_run_through_the_seeds_and_skip_the_one_that_is_there():
    request = RenderRequest("w", LABEL_MAPS_ONE, {3: SampleStyle(8)})
    assert [one.style(3) for one in variations(request, 3, 3, 7)] == [SampleStyle(7), SampleStyle(9), SampleStyle(10)]
    last = variations(request, [3, 4], 2, MAX_SEED)
    assert [one.style(4) for one in last] == [SampleStyle(MAX_SEED), SampleStyle(0)]


@given(request=RENDERS, label=LABELS, a=STYLES, b=STYLES, frames=st.integers(2, 12))
def test_a_morph_goes_from_a_to_b_in_equal_steps(request, label, a, b, frames):
    made = morph(request, label, a, b, frames)
    assert [one.style(label) for one in (made[0], made[-1])] == [a, b]
    steps = [n / (frames - 1) for n in range(1, frames - 1)]
    assert [one.style(label) for one in made[1:-1]] == [mix(a, b, step) for step in steps]
    if not (isinstance(a, MixStyle) and b in (a.a, a.b)):  # those frames are mixes of a's own ends
        amounts = [one.style(label).amount for one in made[1:-1]]
        assert np.allclose(amounts, np.linspace(0, 1, frames)[1:-1])
        assert all(one.style(label) == MixStyle(a, b, amount) for one, amount in zip(made[1:-1], amounts))
    assert {with_style(one, label, MEAN) for one in made} == {with_style(request, label, MEAN)}


@given(label_map=LABEL_MAPS, data=st.data())
def test_relabelled_pixels_change_together_and_the_others_not_at_all(label_map, data):
    request = RenderRequest("w", _data(label_map), {1: SampleStyle(1)}, 5)
    there = sorted(set(label_map.ravel().tolist()))
    changes = data.draw(st.dictionaries(st.sampled_from(there), LABELS, max_size=3))
    made = relabelled(request, changes)
    expected = np.vectorize(lambda i: changes.get(i, i))(label_map)
    assert np.array_equal(made.label_map.array(), expected)
    assert made.replace(label_map=request.label_map) == request


def test_what_cannot_be_made_is_said():
    request = RenderRequest("w", LABEL_MAPS_ONE)
    with pytest.raises(BadRequest, match="ask for 1 to 64"):
        variations(request, 1, 0)
    with pytest.raises(BadRequest, match="No label was chosen"):
        variations(request, [])
    with pytest.raises(BadRequest, match="ask for 2 to 240"):
        morph(request, 1, MEAN, MEAN, 1)
    with pytest.raises(BadRequest, match="no region of the label 9"):
        relabelled(request, {9: 1})


def _data(label_map: np.ndarray):
    from engine.requests.label_map_data import LabelMapData

    return LabelMapData.from_array(label_map)


LABEL_MAPS_ONE = _data(np.array([[1, 2], [3, 4]], np.uint8))
