"""The small parts that the papers share, against plain arithmetic."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.nn.blocks import (
    add_noise,
    modulate,
    neighbourhood_columns,
    one_hot,
    resize_nearest,
    seeded_noise,
)
from engine.nn.style_encoder import StyleEncoder, StyleEncoderConfig, region_average_pool
from tests.engine.nn.networks import label_maps, scramble

patiently = settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow])
seeds, sides = st.integers(0, 2**31), st.integers(1, 9)


# ---------------------------------------------------------------- label maps


@given(seeds, sides, sides, st.integers(1, 20))
@patiently
def test_one_hot_has_a_one_where_the_label_is(seed: int, height: int, width: int, labels: int) -> None:
    ids = label_maps(seed, 2, height, width, range(labels))
    wanted = F.one_hot(ids, labels).permute(0, 3, 1, 2).float()
    assert torch.equal(one_hot(ids, labels), wanted)
    assert torch.equal(one_hot(ids.to(torch.uint8), labels), wanted)


def test_ids_outside_the_label_set_are_zero_in_every_channel() -> None:
    hot = one_hot(torch.tensor([[[0, 3, 255], [2, -1, 1]]]), 3)
    assert hot.sum(1).tolist() == [[[1, 0, 0], [1, 0, 1]]]


@given(seeds, sides, sides, sides, sides)
@patiently
def test_label_maps_are_resized_to_the_pixel_at_the_floor(seed: int, h: int, w: int, height: int, width: int) -> None:
    x = torch.randn(1, 2, h, w, generator=torch.Generator().manual_seed(seed))
    rows = torch.arange(height) * h // height
    columns = torch.arange(width) * w // width
    assert torch.equal(resize_nearest(x, height, width), x[:, :, rows][:, :, :, columns])


@given(seeds, sides, sides, st.integers(1, 5), st.integers(1, 4))
@patiently
def test_neighbourhood_columns_make_a_convolution_a_matrix_product(
    seed: int, height: int, width: int, labels: int, channels: int
) -> None:
    hot = one_hot(label_maps(seed, 2, height, width, range(labels)), labels).double()
    kernel = torch.randn(channels, labels, 3, 3, generator=torch.Generator().manual_seed(seed)).double()
    columns = neighbourhood_columns(hot)
    assert columns.shape == (2, height, width, 9 * labels)
    found = columns @ kernel.permute(2, 3, 1, 0).reshape(9 * labels, channels)
    torch.testing.assert_close(found.permute(0, 3, 1, 2), F.conv2d(hot, kernel, padding=1))


@given(seeds, sides, sides, st.integers(1, 6), st.sampled_from([1, 2, 3]))
@patiently
def test_region_average_pool_is_a_mean_over_each_region(
    seed: int, height: int, width: int, labels: int, factor: int
) -> None:
    """Against a loop over labels and pixels, with a label map larger than the features."""
    ids = label_maps(seed, 2, height * factor, width * factor, range(0, labels, 2))
    features = torch.randn(2, 3, height, width, generator=torch.Generator().manual_seed(seed))
    codes, present = region_average_pool(features, one_hot(ids, labels))
    assert codes.shape == (2, labels, 3) and present.shape == (2, labels) and present.dtype == torch.bool
    for b in range(2):
        for label in range(labels):
            inside = [
                features[b, :, y, x]
                for y in range(height)
                for x in range(width)
                if ids[b, y * factor, x * factor] == label
            ]
            assert bool(present[b, label]) == bool(inside)
            wanted = torch.stack(inside).mean(0) if inside else torch.zeros(3)
            torch.testing.assert_close(codes[b, label], wanted)


# ---------------------------------------------------------------- noise


@given(st.integers(-(2**70), 2**70), st.integers(0, 40), st.integers(1, 8), st.integers(1, 8))
@patiently
def test_noise_follows_from_seed_layer_and_size_alone(seed: int, layer: int, height: int, width: int) -> None:
    state = torch.get_rng_state()
    first = seeded_noise(seed)(layer, height, width)
    torch.rand(3)
    assert torch.equal(first, seeded_noise(seed)(layer, height, width))
    torch.set_rng_state(state)
    seeded_noise(seed)(layer, height, width)
    assert torch.equal(torch.get_rng_state(), state)  # and it leaves torch's own random numbers alone
    assert first.shape == (1, 1, height, width) and first.dtype == torch.float32


def test_noise_is_standard_normal_and_new_for_each_seed_and_layer() -> None:
    draws = [seeded_noise(s)(layer, 64, 64).flatten() for s in (0, 1, 2) for layer in (0, 1, 2)]
    together = torch.stack(draws)
    assert abs(float(together.mean())) < 0.02 and abs(float(together.std()) - 1) < 0.02
    correlation = torch.corrcoef(together) - torch.eye(9)
    assert float(correlation.abs().max()) < 0.08


# ---------------------------------------------------------------- gradients written by hand


@pytest.mark.parametrize("channels_last", [False, True])
def test_the_gradient_of_modulate_is_right(channels_last: bool) -> None:
    layout = torch.channels_last if channels_last else torch.contiguous_format
    x, scale, shift = (
        torch.randn(2, 3, 4, 5, dtype=torch.double).contiguous(memory_format=layout).requires_grad_() for _ in range(3)
    )
    assert torch.autograd.gradcheck(modulate, (x, scale, shift))
    torch.testing.assert_close(modulate(x, scale, shift), x * scale + shift)


@pytest.mark.parametrize("batch", [1, 2], ids=["one noise for all", "a noise for each"])
@pytest.mark.parametrize("channels_last", [False, True])
def test_the_gradient_of_add_noise_is_right(batch: int, channels_last: bool) -> None:
    layout = torch.channels_last if channels_last else torch.contiguous_format
    x = torch.randn(2, 3, 4, 5, dtype=torch.double).contiguous(memory_format=layout).requires_grad_()
    strength = torch.randn(3, dtype=torch.double, requires_grad=True)
    noise = torch.randn(batch, 1, 4, 5, dtype=torch.double)
    assert torch.autograd.gradcheck(lambda a, s: add_noise(a, noise, s), (x, strength), atol=1e-9)
    torch.testing.assert_close(add_noise(x, noise, strength), x + noise * strength.view(1, 3, 1, 1))


# ---------------------------------------------------------------- style encoder


@pytest.mark.parametrize(("bottleneck", "share"), [(True, 2), (False, 1)])
@pytest.mark.parametrize("norm", ["instance", "none"])
def test_the_style_encoder_makes_a_map_between_minus_one_and_one(bottleneck: bool, share: int, norm: str) -> None:
    config = StyleEncoderConfig((3, 4, 5, 6), "instance" if norm == "instance" else "none", bottleneck)
    encoder = scramble(StyleEncoder(config, 7), 0)
    image = torch.rand(2, 3, 16, 24) * 2 - 1
    with torch.no_grad():
        found, brighter = encoder(image), encoder(image * 0.5 + 0.4)
    assert found.shape == (2, 7, 16 // share, 24 // share) and float(found.abs().max()) < 1
    if norm == "instance":  # the published encoder cannot see brightness and contrast of the whole picture
        torch.testing.assert_close(found, brighter, rtol=0, atol=2e-3)
    else:
        assert float((found - brighter).abs().max()) > 0.05
