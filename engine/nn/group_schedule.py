"""How many groups each layer of GroupDNet has (Zhu et al., "SMIS", CVPR 2020, section 4.3): they fall from one per
label to one for all.

Three published schedules, as the authors' code has them, and a rule of ours that serves any number of labels: widths
are rounded up until the groups on both sides divide them. No torch here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import ceil, lcm, log
from typing import Any, Literal

from engine.errors import ConfigError, Message, listed, one_of

Schedule = Literal["rule", "deepfashion", "cityscapes", "ade20k", "ungrouped"]

MOST_LABELS = 182
"""The largest label count that sentences about schedules look at (COCO-Stuff has that many)."""

_BLOAT = 4
"""Widths may grow this many times to serve an explicit group count; beyond, an error says what would work."""


@dataclass(frozen=True)
class BlockGroups:
    """One CG-Block: groups of its convolutions, and those of its CG-Norms.

    groups: of conv_0, conv_1 and conv_s.
    hidden: width between the two convolutions of a CG-Norm.
    shared_groups: of the convolution of the label map.
    norm_groups: of the convolutions to gamma and beta.
    """

    groups: int
    hidden: int
    shared_groups: int
    norm_groups: int


@dataclass(frozen=True)
class GroupPlan:
    """A decoder's widths and groups.

    widths: channels before the first block, then after each.
    start_groups: of the convolution of the latents.
    blocks: one entry per block.
    label_channels: channels of the label map that a CG-Norm takes: labels, or two per label (label, edge, label,
        edge ...) if `interleaved`.
    """

    widths: tuple[int, ...]
    start_groups: int
    blocks: tuple[BlockGroups, ...]
    label_channels: int
    interleaved: bool


@dataclass(frozen=True)
class Wanted:
    """What a schedule starts from: see the fields of `engine.systems.smis.network.SMISConfig` of the same names."""

    schedule: Schedule
    labels: int
    edges: bool
    latent: int
    width: int
    multiples: tuple[float, ...]
    groups: tuple[int, ...]
    locality: float
    hidden: int


_PUBLISHED_BLOCKS = {"deepfashion": (7, 8), "cityscapes": (7,), "ade20k": (7,)}


def plan_groups(wanted: Wanted) -> GroupPlan:
    """The plan. Raises ValueError that says which label counts or groups would work."""
    if wanted.labels < 1:
        raise ConfigError("there must be at least one label")
    if wanted.groups and wanted.schedule != "rule":
        raise ConfigError('groups of your own go with schedule "rule", not "{0}"', wanted.schedule)
    if wanted.edges and wanted.schedule in ("deepfashion", "ade20k"):
        raise ConfigError('schedule "{0}" takes no edges; "cityscapes", "rule" and "ungrouped" do', wanted.schedule)
    blocks, published = len(wanted.multiples) - 1, _PUBLISHED_BLOCKS.get(wanted.schedule)
    if published and blocks not in published:
        raise ConfigError(
            'schedule "{0}" has {1} blocks, and multiples {2} entries', wanted.schedule, published[0], blocks + 1
        )
    plan = _PLANNERS[wanted.schedule](wanted)
    if not fits(plan, wanted):
        raise ConfigError(_who_is_served(wanted))
    return plan


def fits(plan: GroupPlan, wanted: Wanted) -> bool:
    """Whether every group count divides the channels on both of its sides."""
    first = wanted.labels * wanted.latent
    if plan.start_groups < 1 or first % plan.start_groups or plan.widths[0] % plan.start_groups:
        return False
    for block, fan_in, fan_out in zip(plan.blocks, plan.widths, plan.widths[1:]):
        if min(block.groups, block.shared_groups, block.norm_groups, block.hidden, fan_out) < 1:
            return False
        if fan_in % block.groups or fan_out % block.groups:
            return False
        if plan.label_channels % block.shared_groups or block.hidden % block.shared_groups:
            return False
        if any(width % block.norm_groups for width in (block.hidden, fan_in, min(fan_in, fan_out))):
            return False
    return True


def _who_is_served(wanted: Wanted) -> Message:
    """One clause for an impossible schedule: the label counts it serves at this width, a width for these labels."""

    def serves(**changes: Any) -> bool:
        changed = replace(wanted, **changes)
        return fits(_PLANNERS[wanted.schedule](changed), changed)

    counts = [labels for labels in range(2, MOST_LABELS + 1) if serves(labels=labels)]
    width = next((width for width in range(wanted.width, 8 * wanted.width + 256) if serves(width=width)), None)
    ways = [Message("at this width it serves {0}", _first_of(counts))] if counts else []
    ways += [Message("at width {0} it serves them", width)] if width else []
    return Message(
        'schedule "{0}" cannot serve {1} labels at width {2}; {3}',
        wanted.schedule,
        wanted.labels,
        wanted.width,
        listed([*ways, Message('schedule "rule" serves any')]),
    )


def _first_of(numbers: Sequence[int], most: int = 12) -> Message:
    if len(numbers) > most:
        return Message("{0}, ...", ", ".join(map(str, numbers[:most])))
    return one_of(numbers)


# ---------------------------------------------------------------- as published


def _scaled(wanted: Wanted) -> tuple[int, ...]:
    return tuple(int(wanted.width * multiple) for multiple in wanted.multiples)


def _deepfashion(wanted: Wanted) -> GroupPlan:
    """CG-Norm grouped as its block throughout; 8 groups of latents, whatever the labels (published code)."""
    c = wanted.labels
    groups = (c, c, c // 2, c // 2, c // 4, c // 4, c // 8, 1)  # the last: depth "most", a plain SPADE block
    widths = _scaled(wanted)
    blocks = tuple(BlockGroups(g, wanted.hidden, g, g) for g in groups[: len(widths) - 1])
    return GroupPlan(widths, 8, blocks, c, False)


def _cityscapes(wanted: Wanted) -> GroupPlan:
    """CG-Norm with one group per label throughout, hidden width labels x groups."""
    c = wanted.labels
    widths = _scaled(wanted)
    groups = (c, c, 20, 14, 10, 4, 1)
    blocks = tuple(BlockGroups(g, c * g, c, c) for g in groups[: len(widths) - 1])
    return GroupPlan(widths, c, blocks, 2 * c, True)


def _ade20k(wanted: Wanted) -> GroupPlan:
    """Label map convolved label by label; hidden width 2 x labels where groups divide them, else labels x groups.

    Widths do not follow `multiples`: 16 per label, then 32, 16, 16, 8, 4, 2 times the width.
    """
    c, w = wanted.labels, wanted.width
    widths = (16 * c, 16 * c, 32 * w, 16 * w, 16 * w, 8 * w, 4 * w, 2 * w)
    groups = (c, 16, 16, 8, 4, 2, 1)
    blocks = tuple(BlockGroups(g, 2 * c if c % g == 0 else c * g, c, g) for g in groups)
    return GroupPlan(widths, c, blocks, c, False)


# ---------------------------------------------------------------- ours


def _ungrouped(wanted: Wanted) -> GroupPlan:
    """No groups at all: SPADE's blocks, which GroupEnc keeps."""
    widths, channels = _scaled(wanted), wanted.labels + wanted.edges
    return GroupPlan(widths, 1, (BlockGroups(1, wanted.hidden, 1, 1),) * (len(widths) - 1), channels, False)


def _rule(wanted: Wanted) -> GroupPlan:
    c, count = wanted.labels, len(wanted.multiples) - 1
    asked = [max(int(wanted.width * multiple), 1) for multiple in wanted.multiples]
    groups = wanted.groups or falling_groups(c, count, wanted.locality, asked)
    if len(groups) != count:
        raise ConfigError("there are {0} blocks and {1} groups", count, len(groups))
    if any(g < 1 for g in groups) or list(groups) != sorted(groups, reverse=True) or groups[0] > c:
        raise ConfigError(
            "groups must fall from at most {0} (one per label) to at least 1, not {1}", c, _first_of(groups)
        )
    around = [c, *groups]  # the latents' convolution has one group per label
    steps = [lcm(a, b) for a, b in zip(around, [*groups, 1])]
    for n, (step, g) in enumerate(zip(steps, [*groups, 1])):
        if step > _BLOAT * max(asked[n], c) or lcm(c, g) > _BLOAT * max(wanted.hidden, 16 * c):
            raise ConfigError(_better_groups(c, around[n], g, max(asked[n], c), max(wanted.hidden, 16 * c)))
    widths = tuple(_round_up(width, step) for width, step in zip(asked, steps))
    blocks = tuple(BlockGroups(g, _round_up(max(wanted.hidden, 2 * c), lcm(c, g)), c, g) for g in groups)
    return GroupPlan(widths, c, blocks, c * (1 + wanted.edges), wanted.edges)


def falling_groups(labels: int, blocks: int, locality: float, widths: Sequence[int]) -> tuple[int, ...]:
    """Groups for each block: one per label at first, then falling evenly on a logarithmic scale to 1.

    Args:
        labels: number of labels L.
        blocks: number of blocks.
        locality: 0 .. 1: the share of the blocks after the first that keep one group per label. The published
            DeepFashion network is at 1/6; at 1 nothing falls, which is GroupNet.
        widths: channels before the first block, then after each, to be rounded up later: groups that would need
            more than twice as many are passed over.

    Returns:
        Divisors of L or powers of two, the nearest to an even fall, each at most the one before.
    """
    held = 1 + round(locality * (blocks - 1))
    groups = [labels] * min(held, blocks)
    choices = sorted({d for d in range(1, labels + 1) if labels % d == 0} | {2**k for k in range(8) if 2**k < labels})
    for n in range(held, blocks):
        target = labels ** ((blocks - 1 - n) / (blocks - held))
        room = 2 * max(widths[n], labels)
        able = [g for g in choices if g <= groups[-1] and (lcm(groups[-1], g) <= room or g == 1)]
        groups.append(min(able, key=lambda g: (abs(log(g) - log(target)), labels % g != 0)))
    return tuple(groups)


def _better_groups(labels: int, before: int, groups: int, width: int, hidden: int) -> Message:
    def fits_both(count: int) -> bool:
        return lcm(before, count) <= _BLOAT * width and lcm(labels, count) <= _BLOAT * hidden

    nearest_first = sorted(filter(fits_both, range(1, before + 1)), key=lambda count: abs(count - groups))
    counts = [c for c in range(2, MOST_LABELS + 1) if c % groups == 0 and c != labels]
    way = Message("{0} groups would work", _first_of(sorted(nearest_first[:6])))
    if counts:
        way = Message("{0}, or {1} labels", way, _first_of(counts, 4))
    return Message("{0} groups after {1} cannot serve {2} labels; {3}", groups, before, labels, way)


def _round_up(number: int, step: int) -> int:
    return ceil(number / step) * step


_PLANNERS: dict[str, Callable[[Wanted], GroupPlan]] = {
    "rule": _rule,
    "deepfashion": _deepfashion,
    "cityscapes": _cityscapes,
    "ade20k": _ade20k,
    "ungrouped": _ungrouped,
}
