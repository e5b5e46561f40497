"""Label-conditioned layers by places are the layers of the papers: the same numbers, the same gradients."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils import parametrizations

from engine.nn import label_places, sean
from engine.nn.blocks import one_hot, seeded_noise
from engine.nn.label_places import LabelConditions, Places
from engine.nn.sean import SEAN
from engine.nn.spade import SPADE
from engine.nn.spectral import spectral
from engine.systems.sean.network import SEANGenerator
from engine.systems.spade.network import SPADEConfig, SPADEGenerator
from tests.engine.nn.networks import TINY_SEAN, assert_same_gradients, gradients, label_maps, scramble

patiently = settings(
    deadline=None,
    max_examples=25,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
seeds, sides = st.integers(0, 2**31), st.integers(1, 13)


@pytest.fixture(autouse=True)
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Places even where there are as many as pixels."""
    monkeypatch.setattr(label_places, "MOST_WINDOWS", 2.0)


@st.composite
def maps(draw: st.DrawFn) -> tuple[int, torch.Tensor]:
    """A label count and three maps: blocks and single pixels, one label, stripes; some pixels without label."""
    labels = draw(st.integers(1, 7))
    ids = draw(st.lists(st.integers(0, labels), min_size=1, max_size=labels, unique=True))  # `labels`: no label
    height, width = draw(sides), draw(sides)
    found = label_maps(draw(seeds), 3, height, width, ids)
    found[1] = ids[0]
    found[2] = torch.tensor(ids)[torch.arange(width) % len(ids)]
    return labels, found


def _same(layer: nn.Module, x: torch.Tensor, calls: list[Any], *inputs: torch.Tensor) -> None:
    results, grads = [], []
    for call in calls:
        y = call()
        results.append(y)
        grads.append(gradients(y, layer, x, *inputs))
    torch.testing.assert_close(results[0], results[1], rtol=1e-4, atol=1e-4)
    assert_same_gradients(grads[0], grads[1])


@given(maps(), seeds, st.integers(0, 6), st.integers(1, 5))
@patiently
def test_a_sean_layer_by_places_is_the_layer_of_the_paper(
    drawn: tuple[int, torch.Tensor], seed: int, style: int, hidden: int
) -> None:
    labels, ids = drawn
    layer = scramble(SEAN(4, labels, style, hidden, 5, layer=3), seed).eval()
    hot = one_hot(ids, labels)
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(3, 4, *ids.shape[1:], generator=generator, requires_grad=True)
    codes = torch.randn(3, labels, max(1, style), generator=generator, requires_grad=True)
    noise = torch.randn(1, 1, *ids.shape[1:], generator=generator)
    assert LabelConditions(hot, True).places(x) is not None
    _same(layer, x, [lambda c=c: layer(x, LabelConditions(hot, c), codes, noise) for c in (False, True)], codes)


def test_a_whole_step_has_the_literals_gradients(monkeypatch: pytest.MonkeyPatch) -> None:
    """Style encoder, every layer, spectral norm; in float64, since rounding grows on the way through a network."""
    config = replace(TINY_SEAN, resolution=32)
    hot = one_hot(label_maps(2, 3, 32, 32, range(6)), 6).double()
    image = torch.rand(3, 3, 32, 32, generator=torch.Generator().manual_seed(3), dtype=torch.float64) * 2 - 1
    found = []
    for contracted, normalise in ((False, parametrizations.spectral_norm), (True, spectral)):
        torch.manual_seed(0)
        with monkeypatch.context() as patch:
            patch.setattr(sean, "spectral", lambda module, on, normalise=normalise: normalise(module))
            generator = scramble(SEANGenerator(config, sn=True), 1).double().train()
        codes, _ = generator.encode(image, hot)  # type: ignore[operator]
        painted = generator(hot, codes, lambda *a: seeded_noise(4)(*a).double(), contracted=contracted)
        found.append((painted, gradients(painted, generator)))
    torch.testing.assert_close(found[0][0], found[1][0], rtol=1e-9, atol=1e-9)
    assert_same_gradients(found[0][1], found[1][1], 1e-9)


@given(maps(), seeds, st.integers(1, 5))
@patiently
def test_a_spade_layer_by_places_is_the_layer_of_the_paper(
    drawn: tuple[int, torch.Tensor], seed: int, hidden: int
) -> None:
    labels, ids = drawn
    layer = scramble(SPADE(4, labels, hidden), seed).eval()
    hot = one_hot(ids, labels)
    x = torch.randn(3, 4, *ids.shape[1:], generator=torch.Generator().manual_seed(seed), requires_grad=True)
    _same(layer, x, [lambda c=c: layer(x, LabelConditions(hot, c)) for c in (False, True)])


def test_a_spade_in_training_goes_by_places_and_has_the_literals_gradients(monkeypatch: pytest.MonkeyPatch) -> None:
    config = SPADEConfig(labels=5, resolution=64, width=2, multiples=(4, 4, 3, 2, 2, 1, 1), hidden=3)
    hot = one_hot(label_maps(1, 2, 64, 64, range(5)), 5).double()
    found = []
    for most in (-1.0, 2.0):
        monkeypatch.setattr(label_places, "MOST_WINDOWS", most)
        torch.manual_seed(0)
        generator = scramble(SPADEGenerator(config, sn=True), 1).double().train()
        painted = generator(hot)
        found.append((painted, gradients(painted, generator)))
    torch.testing.assert_close(found[0][0], found[1][0], rtol=1e-9, atol=1e-9)
    assert_same_gradients(found[0][1], found[1][1], 1e-9)


@given(maps(), seeds)
@patiently
def test_each_pixel_has_its_places_surroundings(drawn: tuple[int, torch.Tensor], seed: int) -> None:
    """Two pixels share a place exactly where picture and 5 x 5 surroundings are equal."""
    labels, ids = drawn
    codes = torch.where(ids == labels, 0, ids + 1)
    places = Places.of(codes, labels)
    assert places is not None
    padded = F.pad(codes, (2, 2, 2, 2), value=-1)
    around = padded.unfold(1, 5, 1).unfold(2, 5, 1).flatten(3).flatten(1, 2)  # (3, H * W, 25)
    picture = torch.arange(3).view(3, 1, 1).expand(-1, around.shape[1], 1)
    _, wanted = torch.unique(torch.cat([picture, around], -1).flatten(0, 1), dim=0, return_inverse=True)
    assert places.count == int(wanted.max()) + 1
    same = places.place[:, None] == places.place[None]
    assert torch.equal(same, wanted[:, None] == wanted[None])


def test_a_map_of_noise_has_too_many_windows_for_places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(label_places, "MOST_WINDOWS", 0.5)
    noise = torch.randint(0, 12, (1, 32, 32), generator=torch.Generator().manual_seed(0))
    assert Places.of(noise + 1, 12) is None
    assert Places.of(torch.ones(1, 32, 32, dtype=torch.long), 12) is not None


def test_more_labels_than_a_key_can_hold_are_left_to_the_convolutions() -> None:
    ids = torch.arange(182).repeat_interleave(40).view(1, 80, 91)
    assert Places.of(ids + 1, 182) is None


def test_features_of_16_and_of_32_bits_each_get_their_own() -> None:
    """Whoever asked first: of a small map, places pay for 32 bits only, and columns have the features' type."""
    conditions = LabelConditions(one_hot(torch.zeros(1, 8, 8, dtype=torch.long), 3), True)
    x = torch.zeros(1, 2, 8, 8)
    assert conditions.places(x.bfloat16()) is None
    assert conditions.places(x) is not None and conditions.places(x.bfloat16()) is None
    for dtype in (torch.bfloat16, torch.float32):
        assert conditions.columns(8, 8, dtype).dtype == dtype
