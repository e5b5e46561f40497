"""What losses and measured numbers are called on the screen: the engine's names, in the language of the interface."""

from __future__ import annotations

from collections.abc import Mapping

from app.texts.translate import translate
from engine.metrics.names import number_name


def metric_text(metric_key: str) -> str:
    """The name of a number for people; a key that is not known is shown as it is."""
    return translate(number_name(metric_key))


def row_text(line_name: str, label_names: Mapping[str, str]) -> str:
    """The same for a line of `engine.evaluation.table.rows`, such as "iou: hair"; `label_names`: their names on the
    screen."""
    return ": ".join(label_names.get(name_part) or metric_text(name_part) for name_part in line_name.split(": "))
