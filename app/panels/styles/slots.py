"""A label's style as the panel shows it: two slots, how they mix, and a choice for each block.

Pure functions between the engine's styles and these slots; nothing here knows Qt.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from engine.requests.styles import BlockStyle, MeanStyle, MixStyle, Style

A, B, MIX, MEAN, OTHER = "a", "b", "mix", "mean", "other"
CHOICES = (A, B, MIX, MEAN)


@dataclass(frozen=True)
class Slots:
    """``amount`` is b's share, 0 to 1 (files may hold values beyond). ``blocks``: one choice for each block, or
    () when all blocks take the mix; ``others`` are the styles of blocks that are neither slot."""

    a: Style
    b: Style | None = None
    amount: float = 0.0
    blocks: tuple[str, ...] = ()
    others: tuple[Style | None, ...] = ()


def split(style: Style) -> Slots:
    """The slots that show ``style``; ``join`` gives it back."""
    if isinstance(style, MixStyle):
        return Slots(style.a, style.b, style.amount)
    if not isinstance(style, BlockStyle):
        return Slots(style)
    mixes = [part for part in style.blocks if isinstance(part, MixStyle)]
    if mixes:
        a, b, amount = mixes[0].a, mixes[0].b, mixes[0].amount
    else:
        distinct: list[Style] = []
        for part in style.blocks:
            if not isinstance(part, MeanStyle) and part not in distinct:
                distinct.append(part)
        a = distinct[0] if distinct else MeanStyle()
        b, amount = (distinct[1], 0.5) if len(distinct) > 1 else (None, 0.0)  # type: ignore[assignment]
    choices = tuple(_choice(part, a, b, amount) for part in style.blocks)
    others = tuple(part if choice == OTHER else None for part, choice in zip(style.blocks, choices))
    return Slots(a, b, amount, choices, others)


def _choice(part: Style, a: Style, b: Style | None, amount: float) -> str:
    if part == a:
        return A
    if b is not None and part == b:
        return B
    if b is not None and part == MixStyle(a=a, b=b, amount=amount):
        return MIX
    return MEAN if isinstance(part, MeanStyle) else OTHER


def join(slots: Slots) -> Style:
    """The style that the slots mean. Blocks that all choose the same need no block style."""
    if slots.blocks:
        choices = set(slots.blocks)
        if choices == {A}:
            return slots.a if slots.b is None else MixStyle(a=slots.a, b=slots.b, amount=0.0)
        if choices == {B} and slots.b is not None:
            return MixStyle(a=slots.a, b=slots.b, amount=1.0)
        if choices != {MIX}:
            return BlockStyle(blocks=tuple(_part(slots, i) for i in range(len(slots.blocks))))
    if slots.b is None:
        return slots.a
    return MixStyle(a=slots.a, b=slots.b, amount=slots.amount)


def _part(slots: Slots, block: int) -> Style:
    choice = slots.blocks[block]
    if choice == B and slots.b is not None:
        return slots.b
    if choice == MIX and slots.b is not None:
        return MixStyle(a=slots.a, b=slots.b, amount=slots.amount)
    if choice == MEAN:
        return MeanStyle()
    if choice == OTHER:
        other = slots.others[block] if block < len(slots.others) else None
        return other if other is not None else slots.a
    return slots.a


def with_slot(slots: Slots, slot: str, style: Style | None) -> Slots:
    """Puts ``style`` into slot "a" or "b". A first second style starts half and half."""
    if slot == A:
        return replace(slots, a=style if style is not None else MeanStyle())
    if style is None:
        blocks = tuple(A if choice in (B, MIX) else choice for choice in slots.blocks)
        return replace(slots, b=None, amount=0.0, blocks=blocks)
    return replace(slots, b=style, amount=slots.amount if slots.b is not None else 0.5)


def with_block(slots: Slots, block: int, choice: str, *, count: int) -> Slots:
    """Chooses for one of ``count`` blocks; the others keep what they show."""
    blocks = slots.blocks or ((MIX,) if slots.b is not None else (A,)) * count
    return replace(slots, blocks=(*blocks[:block], choice, *blocks[block + 1 :]))
