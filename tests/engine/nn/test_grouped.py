"""GroupDNet: groups that serve any label count, regions as the encoder sees them, and who can change what."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from engine.errors import NotSupported
from engine.nn.blocks import one_hot
from engine.nn.grouped import interleave_edges
from engine.nn.grouped_conv import GroupedConv2d
from engine.nn.region_encoder import RegionEncoderConfig
from engine.nn.regions import masked_regions
from engine.systems import system as system_of
from engine.systems.smis.network import SMISConfig, SMISGenerator
from tests.engine.nn.networks import assert_same_gradients, gradients, label_maps, scramble

seeds = st.integers(0, 2**31)
TINY = SMISConfig(
    labels=5,
    resolution=32,
    width=2,
    multiples=(8, 8, 4, 2),
    upsamplings=2,
    hidden=4,
    encoder=RegionEncoderConfig(width=3, widest=2),
)


def build(config: SMISConfig, seed: int = 0) -> SMISGenerator:
    generator = scramble(SMISGenerator(config), seed).eval().requires_grad_(False)
    assert isinstance(generator, SMISGenerator)
    return generator


def hot_of(config: SMISConfig, seed: int = 0, side: int = 32, ids: Any = None) -> Tensor:
    return one_hot(label_maps(seed, 1, side, side, range(config.labels) if ids is None else ids), config.labels)


def latents(config: SMISConfig, seed: int = 1, batch: int = 1) -> Tensor:
    return torch.randn(batch, *config.latent_shape, generator=torch.Generator().manual_seed(seed))


# ---------------------------------------------------------------- the schedules


@given(st.integers(1, 182), st.floats(0, 1), st.integers(1, 64), st.integers(1, 200), st.booleans())
@settings(deadline=None, max_examples=150)
def test_the_rule_serves_any_label_count(labels: int, locality: float, width: int, hidden: int, edges: bool) -> None:
    config = SMISConfig(labels=labels, edges=edges, locality=locality, width=width, hidden=hidden)
    plan = config.plan()
    groups = [block.groups for block in plan.blocks]
    assert groups[0] == labels == plan.start_groups and groups == sorted(groups, reverse=True)
    assert groups[-1] == (labels if round(locality * 6) == 6 else 1)
    for block, fan_in, fan_out in zip(plan.blocks, plan.widths, plan.widths[1:]):
        assert fan_in % block.groups == fan_out % block.groups == block.hidden % block.norm_groups == 0
        assert plan.label_channels % block.shared_groups == block.hidden % block.shared_groups == 0
    for asked, found in zip(config.multiples, plan.widths):
        assert asked * width <= found <= 4 * max(asked * width, labels)


def test_more_locality_keeps_groups_for_longer() -> None:
    plans = [SMISConfig(labels=19, locality=local).plan().blocks for local in (0.0, 0.2, 0.5, 1.0)]
    assert [tuple(block.groups for block in blocks) for blocks in plans] == [
        (19, 16, 8, 4, 2, 2, 1),
        (19, 19, 8, 8, 4, 2, 1),
        (19, 19, 19, 19, 8, 2, 1),
        (19, 19, 19, 19, 19, 19, 19),
    ]


@pytest.mark.parametrize(
    ("schedule", "labels", "width", "groups"),
    [
        ("deepfashion", 8, 160, (8, 8, 4, 4, 2, 2, 1)),
        ("cityscapes", 35, 280, (35, 35, 20, 14, 10, 4, 1)),
        ("ade20k", 151, 64, (151, 16, 16, 8, 4, 2, 1)),
        ("ungrouped", 19, 64, (1,) * 7),
    ],
)
def test_the_published_schedules(schedule: Any, labels: int, width: int, groups: tuple[int, ...]) -> None:
    plan = SMISConfig(labels=labels, schedule=schedule, width=width).plan()
    assert tuple(block.groups for block in plan.blocks) == groups


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (
            {"schedule": "deepfashion", "width": 160},
            '"deepfashion" cannot serve 19 labels.* it serves 8, 16, 32, 64 or 128',
        ),
        ({"schedule": "cityscapes", "labels": 6, "width": 70}, "at this width it serves 2, 5, 7, 10, 14, 35 or 70"),
        ({"schedule": "cityscapes", "labels": 5, "width": 36}, "at width 70 it serves them"),
        ({"groups": (19, 19, 8, 4, 2, 1)}, "7 blocks and 6 groups"),
        ({"groups": (19, 1, 2, 1, 1, 1, 1)}, "fall from at most 19"),
        ({"groups": (38, 19, 1, 1, 1, 1, 1)}, "at most 19"),
        ({"labels": 181, "groups": (181, 180, 1, 1, 1, 1, 1)}, "180 groups after 181.*181 groups would work, or 180"),
        ({"groups": (8,) * 7, "schedule": "ade20k"}, 'go with schedule "rule"'),
        ({"edges": True, "schedule": "ade20k"}, "takes no edges"),
        ({"upsamplings": 3}, "7 blocks go with 6 or 5"),
        ({"locality": 2.0}, "between 0 and 1"),
        ({"resolution": 100}, "no multiple of 64"),
    ],
)
def test_groups_that_cannot_serve_are_refused_with_what_would(values: dict[str, Any], says: str) -> None:
    with pytest.raises(NotSupported, match=says):
        system_of("smis").network.read_config(values)


# ---------------------------------------------------------------- grouped convolutions


@given(seeds, st.integers(1, 5), st.integers(1, 4), st.integers(1, 3), st.sampled_from([1, 3]), st.sampled_from([1, 2]))
@settings(deadline=None, max_examples=25)
def test_a_grouped_convolution_is_the_plain_one(
    seed: int, groups: int, each: int, out: int, size: int, stride: int
) -> None:
    """With gradients it may be evaluated as a dense one; same results, same gradients."""
    plain = nn.Conv2d(groups * each, groups * out, size, stride, size // 2, groups=groups)
    ours = GroupedConv2d(groups * each, groups * out, size, stride, size // 2, groups=groups)
    ours.load_state_dict(scramble(plain, seed).state_dict())
    x = torch.randn(2, groups * each, 7, 6, generator=torch.Generator().manual_seed(seed), requires_grad=True)
    torch.testing.assert_close(ours(x), plain(x), rtol=1e-5, atol=1e-5)
    assert_same_gradients(gradients(ours(x), ours, x), gradients(plain(x), plain, x), 1e-5)


def test_edges_stand_beside_each_label() -> None:
    hot = torch.rand(2, 4, 3, 3)
    found = interleave_edges(hot)
    assert found.shape == (2, 6, 3, 3)
    for label in range(3):
        assert torch.equal(found[:, 2 * label], hot[:, label]) and torch.equal(found[:, 2 * label + 1], hot[:, 3])


# ---------------------------------------------------------------- what the encoder sees


def regions_by_hand(image: Tensor, hot: Tensor, size: tuple[int, int]) -> Tensor:
    """Label by label, picture by picture, by slicing and resizing."""
    result = torch.zeros(len(image), hot.shape[1] * 3, *size)
    for b in range(len(image)):
        for label in range(hot.shape[1]):
            masked = image[b] * hot[b, label]
            rows, columns = (masked.sum(0).sum(axis).nonzero().flatten() for axis in (1, 0))
            if len(rows) and len(columns):
                cut = masked[:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
                result[b, 3 * label : 3 * label + 3] = F.interpolate(cut[None], size=size)[0]
    return result


@given(
    seeds,
    st.integers(1, 40),
    st.integers(1, 40),
    st.lists(st.integers(0, 4), min_size=1, max_size=5, unique=True),
    st.sampled_from([(16, 16), (16, 32), (12, 20)]),
)
@settings(deadline=None, max_examples=60)
def test_each_region_is_cut_out_and_enlarged(
    seed: int, height: int, width: int, ids: list[int], size: tuple[int, int]
) -> None:
    hot = one_hot(label_maps(seed, 2, height, width, ids), 5)
    image = torch.rand(2, 3, height, width, generator=torch.Generator().manual_seed(seed)) * 2 - 1
    image[:, :, ::5] = 0  # rows that do not count
    assert torch.equal(masked_regions(image, hot, size, crop=True), regions_by_hand(image, hot, size))
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(masked_regions(image, hot, size, crop=True), regions_by_hand(image, hot, size))
    whole = masked_regions(image, hot, size, crop=False).view(2, 5, 3, *size)
    torch.testing.assert_close(whole.sum(1), F.interpolate(image, size=size))


def test_a_region_is_encoded_from_its_own_pixels_only() -> None:
    generator, hot = build(TINY), hot_of(TINY, ids=[0, 1, 3])
    image = torch.rand(1, 3, 32, 32) * 2 - 1
    other = torch.where(hot[:, 1:2] > 0, torch.rand(1, 3, 32, 32), image)
    (mean, spread), (mean_2, spread_2) = generator.encode(image, hot), generator.encode(other, hot)
    assert mean.shape == spread.shape == (1, *TINY.latent_shape) == (1, 40, 8, 8)
    changed = [(a - b).abs().view(5, 8, -1).amax((1, 2)) > 0 for a, b in ((mean, mean_2), (spread, spread_2))]
    assert all(part.tolist() == [False, True, False, False, False] for part in changed)


def test_regions_of_any_size_give_latents_of_the_start_size() -> None:
    generator = build(TINY)
    mean, _ = generator.encode(torch.rand(1, 3, 48, 80), hot_of(TINY, side=48)[..., :48].repeat(1, 1, 1, 2)[..., :80])
    assert mean.shape == (1, 40, 8, 8)


# ---------------------------------------------------------------- who changes what


@pytest.mark.parametrize("locality", [0.0, 1.0])
def test_a_latent_reaches_its_own_group_only_while_there_is_one_per_label(locality: float) -> None:
    config = replace(TINY, locality=locality)
    generator, hot, z = build(config), hot_of(config), latents(config)
    other = z.clone()
    other[:, 16:24] += 1  # label 2
    change = (generator.paint_features(hot, other) - generator.paint_features(hot, z)).abs().amax((0, 2, 3))
    moved = change.view(5, -1).amax(1) > 0 if locality == 1 else change > 0
    assert moved.tolist() == [False, False, True, False, False] if locality == 1 else bool(moved.all())


def test_gated_a_latent_changes_nothing_away_from_its_region() -> None:
    """Exactly nothing: beyond the gate's neighbouring pixel and the last convolution. Small regions are not lost."""
    config = replace(TINY, locality=1.0, gated=True)
    generator, z, ids = build(config), latents(config), torch.zeros(1, 32, 32, dtype=torch.long)
    ids[:, 10:13, 20:22] = 2
    other = z.clone()
    other[:, 16:24] += 1  # label 2
    change = (generator(one_hot(ids, 5), other) - generator(one_hot(ids, 5), z)).abs().amax((0, 1))
    assert bool((change[10:13, 20:22] > 0).all())
    change[8:15, 18:24] = 0
    assert float(change.max()) == 0
    partly = build(replace(TINY, locality=0.5, gated=True))
    assert partly.gate_after == 1
    with pytest.raises(ValueError, match="one group per label"):
        replace(TINY, schedule="ungrouped", gated=True)


def test_mulnet_is_groupnet_with_its_groups_in_networks_of_their_own() -> None:
    """Section 3: equal widths make them equal."""
    mulnet = build(replace(TINY, labels=3, separate=True, width=1, hidden=4, fusion=2))
    groupnet = SMISGenerator(replace(TINY, labels=3, width=3, hidden=12, locality=1.0)).eval()
    groupnet.fusion, groupnet.to_image = mulnet.fusion, mulnet.to_image
    parts, state = [part.state_dict() for part in mulnet.trunks()], groupnet.state_dict()
    state |= {key: torch.cat([part[key] for part in parts]) for key in parts[0] if not key.endswith("tracked")}
    groupnet.load_state_dict(state)
    hot, z, image = hot_of(mulnet.config), latents(mulnet.config), torch.rand(1, 3, 32, 32) * 2 - 1
    with torch.no_grad():
        torch.testing.assert_close(mulnet(hot, z), groupnet(hot, z), rtol=1e-4, atol=1e-5)
        for a, b in zip(mulnet.encode(image, hot), groupnet.encode(image, hot)):
            torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)


# ---------------------------------------------------------------- sizes, refusals, stopping


def test_pictures_of_other_sizes_take_their_latents_resized() -> None:
    generator, z = build(TINY), latents(TINY)
    wide = one_hot(label_maps(3, 1, 16, 48, range(5)), 5)
    picture = generator(wide, z)
    assert picture.shape == (1, 3, 16, 48)
    torch.testing.assert_close(picture, generator(wide, F.interpolate(z, size=(4, 12))))
    torch.testing.assert_close(generator(wide, z, size=(32, 96)).shape, torch.Size((1, 3, 32, 96)))


def test_latents_of_another_network_are_refused() -> None:
    generator = build(TINY)
    for wrong in (latents(replace(TINY, labels=6)), latents(TINY).flatten(1)):
        with pytest.raises(ValueError, match=r"not of this network, \(40, 8, 8\) is"):
            generator(hot_of(TINY), wrong)


def test_without_an_encoder_nothing_is_encoded() -> None:
    generator = build(replace(TINY, encoder=None))
    assert generator(hot_of(TINY), latents(TINY)).shape == (1, 3, 32, 32)
    with pytest.raises(ValueError, match="without an image encoder"):
        generator.encode(torch.rand(1, 3, 32, 32), hot_of(TINY))


@pytest.mark.parametrize("separate", [False, True])
def test_painting_tells_its_blocks_and_can_be_stopped(separate: bool) -> None:
    generator, seen = build(replace(TINY, separate=separate)), []

    def stop(done: int, of: int) -> None:
        seen.append((done, of))
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        generator(hot_of(TINY), latents(TINY), on_block=stop)
    assert [done for done, _ in seen] == [0, 1, 2] and all(of == of_2 for (_, of), (_, of_2) in pairwise(seen))
