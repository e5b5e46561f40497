"""How a style looks where it has no picture yet, or cannot have one."""

from __future__ import annotations

from PySide6.QtGui import QColor

from engine.labels.label_sets import Label
from engine.requests.styles import MeanStyle, SampleStyle, Style


def placeholder_icon(style: Style) -> str:
    """The icon in place of a style's thumbnail."""
    if isinstance(style, MeanStyle):
        return "palette"
    return "dice" if isinstance(style, SampleStyle) else "broken"


def placeholder_tint(style: Style, known_label: Label) -> QColor | None:
    """The colour behind that icon: the label's own where the style is the mean."""
    return QColor(*known_label.colour) if isinstance(style, MeanStyle) else None
