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
    mixed_blocks = [block_style for block_style in style.blocks if isinstance(block_style, MixStyle)]
    if mixed_blocks:
        first, second, second_share = mixed_blocks[0].a, mixed_blocks[0].b, mixed_blocks[0].amount
    else:
        distinct: list[Style] = []
        for block_style in style.blocks:
            if not isinstance(block_style, MeanStyle) and block_style not in distinct:
                distinct.append(block_style)
        first = distinct[0] if distinct else MeanStyle()
        second, second_share = (distinct[1], 0.5) if len(distinct) > 1 else (None, 0.0)  # type: ignore[assignment]
    choices = tuple(_choice(block_style, first, second, second_share) for block_style in style.blocks)
    other_styles = tuple(block_style if choice == OTHER else None for block_style, choice in zip(style.blocks, choices))
    return Slots(first, second, second_share, choices, other_styles)


def _choice(block_style: Style, first: Style, second: Style | None, second_share: float) -> str:
    if block_style == first:
        return A
    if second is not None and block_style == second:
        return B
    if second is not None and block_style == MixStyle(a=first, b=second, amount=second_share):
        return MIX
    return MEAN if isinstance(block_style, MeanStyle) else OTHER


def join(slots: Slots) -> Style:
    """The style that the slots mean. Blocks that all choose the same need no block style."""
    if slots.blocks:
        choices = set(slots.blocks)
        if choices == {A}:
            return slots.a if slots.b is None else MixStyle(a=slots.a, b=slots.b, amount=0.0)
        if choices == {B} and slots.b is not None:
            return MixStyle(a=slots.a, b=slots.b, amount=1.0)
        if choices != {MIX}:
            return BlockStyle(blocks=tuple(_block_style(slots, block) for block in range(len(slots.blocks))))
    if slots.b is None:
        return slots.a
    return MixStyle(a=slots.a, b=slots.b, amount=slots.amount)


def _block_style(slots: Slots, block: int) -> Style:
    choice = slots.blocks[block]
    if choice == B and slots.b is not None:
        return slots.b
    if choice == MIX and slots.b is not None:
        return MixStyle(a=slots.a, b=slots.b, amount=slots.amount)
    if choice == MEAN:
        return MeanStyle()
    if choice == OTHER:
        other_style = slots.others[block] if block < len(slots.others) else None
        return other_style if other_style is not None else slots.a
    return slots.a


def with_slot(slots: Slots, slot_name: str, style: Style | None) -> Slots:
    """Puts ``style`` into slot "a" or "b". A first second style starts half and half."""
    if slot_name == A:
        return replace(slots, a=style if style is not None else MeanStyle())
    if style is None:
        blocks = tuple(A if choice in (B, MIX) else choice for choice in slots.blocks)
        return replace(slots, b=None, amount=0.0, blocks=blocks)
    return replace(slots, b=style, amount=slots.amount if slots.b is not None else 0.5)


def with_block(slots: Slots, block: int, choice: str, *, count: int) -> Slots:
    """Chooses for one of ``count`` blocks; the others keep what they show."""
    blocks = slots.blocks or ((MIX,) if slots.b is not None else (A,)) * count
    return replace(slots, blocks=(*blocks[:block], choice, *blocks[block + 1 :]))
