"""Attentive normalization and self-attention against their formulas written out pixel by pixel."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.nn.attention import EPSILON, AttentiveConfig, AttentiveNorm, Moments, SelfAttention, region_moments

seeds = st.integers(0, 2**31)
KINDS: tuple[Moments, ...] = ("weighted", "masked")


def build(config: AttentiveConfig, channels: int, seed: int) -> AttentiveNorm:
    """A module in double precision whose every parameter has a value of its own."""
    torch.manual_seed(seed)
    module = AttentiveNorm(channels, config).double()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.3)
    return module.eval()


def written_out(module: AttentiveNorm, x: np.ndarray) -> np.ndarray:
    """The article's sections 3.2 and 3.3 for one picture (C, H, W), pixel by pixel and entity by entity."""
    config = module.config
    filters = module.entity_filters.weight.detach().flatten(1).numpy()
    channels, height, width = x.shape
    layout = np.zeros((config.entities, height, width))
    for row in range(height):
        for column in range(width):
            activations = [config.temperature * sum(w * v for w, v in zip(f, x[:, row, column])) for f in filters]
            total = sum(np.exp(a) for a in activations)
            layout[:, row, column] = [np.exp(a) / total for a in activations]
    result = np.zeros_like(x)
    for entity in range(config.entities):
        shares = layout[entity]
        mass = shares.sum() + EPSILON
        for channel in range(channels):
            values = x[channel]
            if config.moments == "weighted":
                # Rounding apart, the mean of the values by their shares; epsilon leaves a trace of the centre.
                centre = values.mean()
                mean = centre + (shares * (values - centre)).sum() / mass
                variance = (shares * (values - mean) ** 2).sum() / mass
            else:
                mean = (shares * values).sum() / mass
                variance = ((shares * values - mean) ** 2).sum() / mass
            normalised = (values - mean) / (np.sqrt(variance) + EPSILON)
            if config.affine:
                scale, offset = module.scale[entity, channel].item(), module.offset[entity, channel].item()
                normalised = normalised * scale + offset
            result[channel] += normalised * shares
    return module.residual.item() * result + x


@settings(max_examples=15, deadline=None)
@given(seed=seeds, entities=st.integers(1, 5), kind=st.sampled_from(KINDS), affine=st.booleans())
def test_it_is_the_article_written_out(seed: int, entities: int, kind: Moments, affine: bool) -> None:
    module = build(AttentiveConfig(entities=entities, affine=affine, moments=kind), channels=4, seed=seed)
    x = torch.randn(2, 4, 5, 3, dtype=torch.double, generator=torch.Generator().manual_seed(seed)) * 3 + 1
    with torch.no_grad():
        result = module(x)
    for picture, normalised in zip(x, result, strict=True):
        np.testing.assert_allclose(normalised.numpy(), written_out(module, picture.numpy()), rtol=1e-4, atol=1e-6)


@settings(max_examples=20, deadline=None)
@given(seed=seeds)
def test_regions_with_firm_borders_get_mean_0_and_spread_1_each(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    regions = torch.randint(0, 3, (1, 6, 7), generator=generator)
    regions[0, 0] = torch.tensor([0, 0, 1, 1, 2, 2, 0])  # every region has two pixels or more
    layout = torch.nn.functional.one_hot(regions, 3).permute(0, 3, 1, 2).double()
    x = torch.randn(1, 4, 6, 7, dtype=torch.double, generator=generator) * 5 + 100 * layout[:, :1]
    normalised = build(AttentiveConfig(entities=3), 4, 0).normalised(x, layout)
    for region in range(3):
        pixels = normalised[0, :, regions[0] == region]
        torch.testing.assert_close(pixels.mean(dim=1), torch.zeros(4).double(), atol=1e-3, rtol=0)
        torch.testing.assert_close(pixels.std(dim=1, unbiased=False), torch.ones(4).double(), atol=1e-3, rtol=0)


def test_one_entity_is_instance_normalisation() -> None:
    x = torch.randn(2, 6, 8, 8, generator=torch.Generator().manual_seed(1))
    module = AttentiveNorm(6, AttentiveConfig(entities=1)).eval()
    expected = torch.nn.functional.instance_norm(x)
    torch.testing.assert_close(module.normalised(x, module.soft_layout(x)), expected, atol=1e-3, rtol=1e-3)


def test_variances_keep_their_digits_under_a_large_mean() -> None:
    x = torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(2))
    layout = torch.full((1, 2, 16, 16), 0.5)
    spread = region_moments(x, layout)[1]
    far_spread = region_moments(x + 1000, layout)[1]
    torch.testing.assert_close(far_spread, spread, atol=1e-3, rtol=1e-3)


@settings(max_examples=20, deadline=None)
@given(seed=seeds, sampled=st.booleans(), height=st.integers(1, 6), width=st.integers(1, 6))
def test_a_layout_is_shares_whatever_the_size(seed: int, sampled: bool, height: int, width: int) -> None:
    torch.manual_seed(seed)
    module = AttentiveNorm(8, AttentiveConfig(entities=7, sampled=sampled)).train()
    layout = module.soft_layout(torch.randn(2, 8, height, width))
    assert layout.shape == (2, 7, height, width)
    torch.testing.assert_close(layout.sum(dim=1), torch.ones(2, height, width))
    assert layout.min() >= 0


def test_a_new_module_changes_nothing_and_learns() -> None:
    torch.manual_seed(3)
    module = AttentiveNorm(8, AttentiveConfig(entities=4, affine=True)).train()
    x = torch.randn(2, 8, 6, 6, requires_grad=True)
    result = module(x)
    torch.testing.assert_close(result, x)
    with torch.no_grad():
        module.residual.fill_(0.5)
    loss = module(x).square().mean() + module.orthogonality()
    loss.backward()
    for name, parameter in module.named_parameters():
        assert parameter.grad is not None and torch.isfinite(parameter.grad).all(), name
        assert parameter.grad.abs().max() > 0, name


@pytest.mark.parametrize("kind", KINDS)
def test_a_flat_map_has_finite_gradients(kind: Moments) -> None:
    module = AttentiveNorm(4, AttentiveConfig(entities=2, moments=kind)).train()
    x = torch.full((1, 4, 5, 5), 2.0, requires_grad=True)
    with torch.no_grad():
        module.residual.fill_(1)
    module(x).sum().backward()
    assert x.grad is not None and torch.isfinite(x.grad).all()


def test_positions_are_drawn_in_training_only() -> None:
    torch.manual_seed(4)
    module = AttentiveNorm(8, AttentiveConfig(entities=4))
    with torch.no_grad():
        module.sampled_share.fill_(5)
    x = torch.randn(1, 8, 8, 8)
    module.train()
    assert not torch.equal(module.soft_layout(x), module.soft_layout(x))
    module.eval()
    assert torch.equal(module.soft_layout(x), module.soft_layout(x))


def test_sampled_activations_are_the_agreement_with_pixels_of_the_pooled_map() -> None:
    """Every drawn entity's activations are those of some pooled position, and none is drawn twice."""
    torch.manual_seed(5)
    module = AttentiveNorm(8, AttentiveConfig(entities=4)).train()
    x = torch.randn(1, 8, 4, 4)
    keys = torch.nn.functional.max_pool2d(module.key(x), 2).flatten(2)[0]
    possible = (keys.T @ module.query(x).flatten(2)[0]).unflatten(1, (4, 4))  # (4 positions, H, W)
    sampled = module._sampled_activations(x)[0]
    matches = [
        [position for position in range(4) if torch.allclose(possible[position], activation, atol=1e-5)]
        for activation in sampled
    ]
    assert sorted(position for match in matches for position in match) == [0, 1, 2, 3]


def test_orthogonal_entities_cost_nothing() -> None:
    module = AttentiveNorm(8, AttentiveConfig(entities=4))
    assert module.orthogonality().item() == pytest.approx(0, abs=1e-9)
    with torch.no_grad():
        module.entity_filters.weight.zero_()
    assert module.orthogonality().item() == pytest.approx(4)


@pytest.mark.parametrize("wrong", [{"entities": 0}, {"temperature": 0.0}, {"pool": 0}])
def test_settings_that_cannot_be_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="attentive normalization needs"):
        AttentiveConfig(**wrong)  # type: ignore[arg-type]


# ---------------------------------------------------------------- self-attention


def test_a_new_self_attention_changes_nothing_and_learns() -> None:
    torch.manual_seed(0)
    module = SelfAttention(8, sn=True)
    x = torch.randn(2, 8, 6, 4)
    torch.testing.assert_close(module(x), x)
    with torch.no_grad():
        module.residual.fill_(1)
    module(x).square().sum().backward()
    assert all(parameter.grad is not None and parameter.grad.abs().max() > 0 for parameter in module.parameters())


def test_self_attention_is_a_mean_of_values_weighed_by_agreement() -> None:
    """Written out for each pixel, of a map so flat that pooling leaves its positions as they are."""
    torch.manual_seed(1)
    module = SelfAttention(8).double()
    with torch.no_grad():
        module.residual.fill_(0.7)
    blocks = torch.randn(1, 8, 2, 2, dtype=torch.double)
    x = blocks.repeat_interleave(2, 2).repeat_interleave(2, 3)  # 4 x 4: each block has one value
    result = module(x)
    query, key, value = (layer(blocks)[0].flatten(1) for layer in (module.query, module.key, module.value))
    for row in range(4):
        for column in range(4):
            place = (row // 2) * 2 + column // 2
            shares = (query[:, place] @ key).softmax(dim=0)
            attended = module.out((value @ shares)[None, :, None, None])[0, :, 0, 0]
            torch.testing.assert_close(result[0, :, row, column], 0.7 * attended + x[0, :, row, column])


def test_the_smallest_map_passes_self_attention() -> None:
    assert SelfAttention(4)(torch.ones(1, 4, 1, 1)).shape == (1, 4, 1, 1)
