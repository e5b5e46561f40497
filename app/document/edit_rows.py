"""Rows of the list of edits, and what a scene holds in their place: a style, a strength and a switch for each label."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from engine.requests.edit import RegionEdit
from engine.requests.styles import Style


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
