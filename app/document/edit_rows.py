"""Rows of the list of edits, and what a scene holds in their place: a style, a strength and a switch for each label."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from engine.labels.label_sets import LabelSet
from engine.requests.edit import RegionEdit
from engine.requests.styles import ImageStyle, Style


def rows_of(
    styles: Mapping[int, Style], strengths: Mapping[int, float], off: Collection[int]
) -> tuple[RegionEdit, ...]:
    """A row for each label with a style, in the order of the labels. `off`: labels that are switched off."""
    return tuple(
        RegionEdit(label=label, style=style, strength=strengths.get(label, 1.0), on=label not in off)
        for label, style in sorted(styles.items())
    )


def by_label(rows: Iterable[RegionEdit]) -> dict[str, Any]:
    """The styles, the strengths and the labels that are switched off: the other way round."""
    all_rows = tuple(rows)
    return {
        "styles": {row.label: row.style for row in all_rows},
        "strengths": {row.label: row.strength for row in all_rows},
        "switched_off": tuple(row.label for row in all_rows if not row.on),
    }


def in_pairs(
    edits: Iterable[RegionEdit], label_set: LabelSet, apart: Collection[int] = ()
) -> list[tuple[RegionEdit, ...]]:
    """The rows, with both labels of a pair as one where one choice was made for both and nothing tells them apart
    since; each in the place of its first label. `apart`: labels that have rows of their own all the same."""
    edits_by_label = {edit.label: edit for edit in edits}
    groups: list[tuple[RegionEdit, ...]] = []
    while edits_by_label:
        edit = edits_by_label.pop(next(iter(edits_by_label)))
        pair = None if edit.label in apart else label_set.pair_of(edit.label)
        others = [edits_by_label.get(label) for label in (() if pair is None else pair.labels) if label != edit.label]
        same = [other for other in others if other is not None and _is_one_choice(edit, other)]
        for other in same:
            del edits_by_label[other.label]
        groups.append((edit, *same))
    return groups


def _is_one_choice(edit: RegionEdit, other: RegionEdit) -> bool:
    return (edit.strength, edit.on, _choice(edit)) == (other.strength, other.on, _choice(other))


def _choice(edit: RegionEdit) -> Style:
    """The style without what differs where each of two regions takes its own of one picture."""
    style = edit.style
    if isinstance(style, ImageStyle) and style.label == edit.label:
        return style.replace(label=0, code=None, made_by=None)
    return style
