"""SEAN by contraction is SEAN: the same numbers and gradients as the style map that the paper draws."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor

from engine.nn.blocks import one_hot, seeded_noise
from engine.nn.label_places import LabelConditions
from engine.nn.sean import SEAN, SEANResBlk
from engine.systems.sean.network import SEANGenerator
from tests.engine.nn.networks import TINY_SEAN as TINY
from tests.engine.nn.networks import assert_same_gradients, gradients, label_maps, scramble

TOLERANCE = 1e-4
patiently = settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
seeds = st.integers(0, 2**31)


@st.composite
def labelled(draw: st.DrawFn) -> tuple[int, list[int]]:
    """A label count and the ids that occur, some perhaps absent."""
    labels = draw(st.integers(1, 8))
    ids = draw(st.lists(st.integers(0, labels - 1), min_size=1, max_size=labels, unique=True))
    return labels, ids


@given(seeds, labelled(), st.integers(1, 13), st.integers(1, 13), st.integers(0, 6), st.integers(1, 5), st.booleans())
@patiently
def test_a_layer_contracted_is_the_layer_of_the_paper(
    seed: int, labelled: tuple[int, list[int]], height: int, width: int, style: int, hidden: int, training: bool
) -> None:
    """Any label map, labels absent or not, any size; without style (width 0) as in the last block too."""
    labels, ids = labelled
    layer = scramble(SEAN(4, labels, style, hidden, 5, layer=3), seed)
    layer.train(training and height * width > 1)
    hot = one_hot(label_maps(seed, 2, height, width, ids), labels)
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(2, 4, height, width, generator=generator, requires_grad=True)
    codes = torch.randn(2, labels, max(1, style), generator=generator, requires_grad=True)
    noise = torch.randn(1, 1, height, width, generator=generator)

    results, grads = [], []
    for contracted in (False, True):
        y = layer(x, LabelConditions(hot, contracted), codes, noise)
        results.append(y)
        grads.append(gradients(y, layer, x, codes))
    torch.testing.assert_close(results[0], results[1], rtol=TOLERANCE, atol=TOLERANCE)
    assert_same_gradients(grads[0], grads[1], TOLERANCE)


@given(
    seeds,
    st.lists(st.integers(0, 5), min_size=1, max_size=6, unique=True),
    st.integers(1, 4),
    st.integers(1, 4),
    st.sampled_from(["one style", "per block", "per norm"]),
    st.booleans(),
)
@patiently
def test_a_generator_contracted_is_the_generator_of_the_paper(
    seed: int, ids: list[int], rows: int, columns: int, styles: str, noisy: bool
) -> None:
    """With one style, a style per ResBlk (crossover) or per SEAN layer; with and without noise."""
    generator = scramble(SEANGenerator(TINY), seed).eval()
    assert isinstance(generator, SEANGenerator)
    count = {"one style": 1, "per block": generator.styled_blocks, "per norm": generator.styled_norms}[styles]
    hot = one_hot(label_maps(seed, 2, 4 * rows, 4 * columns, ids), TINY.labels)
    codes = torch.randn(2, count, 6, 5, generator=torch.Generator().manual_seed(seed), requires_grad=True)
    noise = seeded_noise(seed) if noisy else None
    literal, contracted = (generator(hot, codes, noise, contracted=c) for c in (False, True))
    torch.testing.assert_close(literal, contracted, rtol=0, atol=TOLERANCE)
    assert_same_gradients(gradients(literal, generator, codes), gradients(contracted, generator, codes), TOLERANCE)


def test_training_steps_agree_through_spectral_norm_and_batch_statistics() -> None:
    results = []
    for contracted in (False, True):
        torch.manual_seed(0)
        generator = scramble(SEANGenerator(TINY, sn=True), 1).train()
        hot = one_hot(label_maps(2, 3, 16, 16, range(6)), 6)
        image = torch.rand(3, 3, 16, 16, generator=torch.Generator().manual_seed(3)) * 2 - 1
        codes, _ = generator.encode(image, hot)  # type: ignore[operator]
        y = generator(hot, codes, seeded_noise(4), contracted=contracted)
        results.append((y, gradients(y, generator), dict(generator.named_buffers())))
    torch.testing.assert_close(results[0][0], results[1][0], rtol=0, atol=TOLERANCE)
    assert_same_gradients(results[0][1], results[1][1], TOLERANCE)
    for name, buffer in results[0][2].items():
        torch.testing.assert_close(buffer, results[1][2][name], rtol=TOLERANCE, atol=TOLERANCE)


# ---------------------------------------------------------------- what the paper says, by hand


def test_a_layer_computes_the_papers_equations() -> None:
    """Equations 2 and 3, pixel by pixel and label by label."""
    layer = scramble(SEAN(3, 4, 5, 6, 7, layer=0), 0).eval()
    assert isinstance(layer, SEAN)
    ids = label_maps(1, 2, 5, 6, [0, 1, 3])
    x, noise, codes = torch.randn(2, 3, 5, 6), torch.randn(2, 1, 5, 6), torch.randn(2, 4, 5)
    with torch.no_grad():
        found = layer(x, LabelConditions(one_hot(ids, 4)), codes, noise)
        style_map = torch.zeros(2, 6, 5, 6)
        for b in range(2):
            for row in range(5):
                for column in range(6):
                    label = int(ids[b, row, column])
                    transformed = layer.style_transform.weight[label] @ codes[b, label]
                    style_map[b, :, row, column] = (transformed + layer.style_transform.bias[label]).clamp(min=0)
        hidden = layer.spade.shared(one_hot(ids, 4)).clamp(min=0)
        a, b = (1 / (1 + torch.exp(-blend)) for blend in (layer.blend_gamma, layer.blend_beta))
        gamma = a * layer.style_gamma(style_map) + (1 - a) * layer.spade.gamma(hidden)
        beta = b * layer.style_beta(style_map) + (1 - b) * layer.spade.beta(hidden)
        noisy = x + noise * layer.noise_strength.view(1, 3, 1, 1)
        mean, variance = (getattr(layer.norm, f"running_{n}").view(1, 3, 1, 1) for n in ("mean", "var"))
        wanted = (noisy - mean) / (variance + 1e-5).sqrt() * (1 + gamma) + beta
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("fan_in", "fan_out", "norms"), [(4, 4, 2), (6, 3, 3)])
def test_a_block_has_a_learned_shortcut_only_where_widths_differ(fan_in: int, fan_out: int, norms: int) -> None:
    block = scramble(SEANResBlk(fan_in, fan_out, 3, 4, 4, 4, first_layer=10), 0).eval()
    assert isinstance(block, SEANResBlk)
    assert [norm.layer for norm in block.norms()] == list(range(10, 10 + norms))
    conditions = LabelConditions(one_hot(label_maps(0, 1, 6, 6, range(3)), 3))
    x, codes = torch.randn(1, fan_in, 6, 6), torch.randn(1, 3, 4)
    with torch.no_grad():
        y = block(x, conditions, (codes,) * norms, (None,) * norms)
        dx = block.conv_0(F.leaky_relu(block.norm_0(x, conditions, codes, None), 0.2))
        dx = block.conv_1(F.leaky_relu(block.norm_1(dx, conditions, codes, None), 0.2))
        shortcut = x if norms == 2 else block.conv_s(block.norm_s(x, conditions, codes, None))
    torch.testing.assert_close(y, shortcut + dx)
    assert norms == 2 or block.conv_s.bias is None


# ---------------------------------------------------------------- styles


@pytest.fixture(scope="module")
def tiny() -> SEANGenerator:
    generator = scramble(SEANGenerator(TINY), 5).eval().requires_grad_(False)
    assert isinstance(generator, SEANGenerator)
    return generator


def _paint(generator: SEANGenerator, hot: Tensor, codes: Tensor) -> Tensor:
    return torch.as_tensor(generator(hot, codes))


def test_one_style_is_the_same_style_in_every_block_and_layer(tiny: SEANGenerator) -> None:
    hot = one_hot(label_maps(0, 1, 16, 16, range(6)), 6)
    codes = torch.randn(1, 1, 6, 5)
    once = _paint(tiny, hot, codes)
    for count in (tiny.styled_blocks, tiny.styled_norms):
        torch.testing.assert_close(_paint(tiny, hot, codes.expand(1, count, 6, 5)), once)


def test_each_block_follows_its_own_style(tiny: SEANGenerator) -> None:
    hot = one_hot(label_maps(0, 1, 16, 16, range(6)), 6)
    codes = torch.randn(1, tiny.styled_blocks, 6, 5)
    before = _paint(tiny, hot, codes)
    for block in range(tiny.styled_blocks):
        other = codes.clone()
        other[:, block] += 1
        assert float((_paint(tiny, hot, other) - before).abs().max()) > 1e-4


def test_a_number_of_styles_that_fits_nothing_is_refused(tiny: SEANGenerator) -> None:
    hot = one_hot(label_maps(0, 1, 16, 16, range(6)), 6)
    with pytest.raises(ValueError, match="3 codes for 2 blocks and 5 norms"):
        tiny(hot, torch.zeros(1, 3, 6, 5))


def test_codes_of_absent_labels_are_zero_and_change_nothing(tiny: SEANGenerator) -> None:
    hot = one_hot(label_maps(0, 1, 16, 16, [0, 2]), 6)
    codes, present = tiny.encode(torch.rand(1, 3, 16, 16) * 2 - 1, hot)
    assert present[0].tolist() == [True, False, True, False, False, False]
    assert float(codes[0, 0, [1, 3, 4, 5]].abs().max()) == 0 < float(codes[0, 0, [0, 2]].abs().min())
    other = codes.clone()
    other[:, :, [1, 3, 4, 5]] = 7
    for contracted in (False, True):
        assert torch.equal(tiny(hot, codes, contracted=contracted), tiny(hot, other, contracted=contracted))


def test_a_style_changes_the_pixels_of_its_region_most(tiny: SEANGenerator) -> None:
    ids = torch.zeros(1, 32, 32, dtype=torch.long)
    ids[:, :, 16:] = 1
    hot, codes = one_hot(ids, 6), torch.randn(1, 1, 6, 5)
    other = codes.clone()
    other[:, :, 1] += 1
    change = (_paint(tiny, hot, other) - _paint(tiny, hot, codes)).abs().mean((0, 1, 2))
    assert float(change[20:].mean()) > 2 * float(change[:8].mean())


def test_painting_can_be_stopped_before_any_block(tiny: SEANGenerator) -> None:
    class Stop(Exception):
        pass

    def stop(done: int, of: int) -> None:
        seen.append((done, of))
        if done == 1:
            raise Stop

    seen: list[tuple[int, int]] = []
    with pytest.raises(Stop):
        tiny(one_hot(label_maps(0, 1, 16, 16, [0]), 6), torch.zeros(1, 1, 6, 5), on_block=stop)
    assert seen == [(0, 3), (1, 3)]


def test_a_picture_may_have_another_size_than_its_label_map(tiny: SEANGenerator) -> None:
    hot, codes = one_hot(label_maps(0, 1, 8, 8, range(6)), 6), torch.randn(1, 1, 6, 5)
    large = hot.repeat_interleave(2, 2).repeat_interleave(2, 3)
    torch.testing.assert_close(tiny(hot, codes, size=(16, 16)), tiny(large, codes))
    with pytest.raises(ValueError, match="no multiple of 4"):
        tiny(hot, codes, size=(16, 18))
