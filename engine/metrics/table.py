"""Metrics for people: lines for a terminal, and several weights side by side as the papers' tables have them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.errors import Message


def rows(metrics: dict[str, Any]) -> list[tuple[str, str]]:
    """The metrics as (name, value) lines for a terminal; a missing number says why."""
    lines: list[tuple[str, str]] = []
    missing = metrics.get("missing", {})
    for key, value in metrics.items():
        if key in ("missing", "label_shares"):
            continue
        if value is None:
            lines.append((key, Message("- ({0})", missing.get(key, Message("not measured")))))
        elif key == "iou":
            lines += [(f"iou: {name}", _text(number)) for name, number in value.items()]
        elif key == "diversity":
            lines += _diversity_rows(value)
        elif key in ("reconstructions", "real_pictures"):
            words = "parser on " + key.replace("_", " ")
            lines += [(f"{words}: {name}", _text(value[name])) for name in ("miou", "miou_without_rare", "accuracy")]
            lines += [(f"{words}: iou: {name}", _text(number)) for name, number in value["iou"].items()]
        elif isinstance(value, dict):
            lines += [(f"{key}: {name}", _text(part)) for name, part in value.items()]
        else:
            lines.append((key, _text(value)))
    return lines


def _diversity_rows(value: Mapping[str, Any]) -> list[tuple[str, str]]:
    lines = [(f"diversity: {name}", _text(part)) for name, part in value.items() if name != "by_label"]
    for label, numbers in value["by_label"].items():
        words = ", ".join(f"{name} {_text(part)}" for name, part in numbers.items())
        lines.append((f"diversity: {label}", words))
    return lines


@dataclass(frozen=True)
class Column:
    """One column of a table: its heading, where the number stands in the metrics, decimals, whether more is better.

    optional: a table in which nothing has that number does without the column.
    """

    title: str
    path: tuple[str, ...]
    decimals: int
    more: bool | None
    optional: bool = False

    def value(self, metrics: Mapping[str, Any]) -> float | None:
        """The number, or None where it was not measured."""
        found: Any = metrics
        for key in self.path:
            found = found.get(key) if isinstance(found, Mapping) else None
        return float(found) if isinstance(found, int | float) else None

    def heading(self) -> str:
        """The title with an arrow to the better side."""
        return self.title if self.more is None else f"{self.title} {'↑' if self.more else '↓'}"


RECONSTRUCTION = (
    Column("pictures", ("pictures",), 0, None),
    Column("side", ("resolution",), 0, None),
    Column("SSIM", ("ssim",), 3, True),
    Column("RMSE", ("rmse",), 3, False),
    Column("PSNR", ("psnr",), 2, True),
    Column("LPIPS-MobileNetV2", ("LPIPS-MobileNetV2",), 3, False, optional=True),
    Column("FID-MobileNetV2", ("FID-MobileNetV2",), 1, False),
    Column("FID-InceptionV3", ("FID-InceptionV3",), 1, False, optional=True),
    Column("Inception score", ("inception_score",), 2, True, optional=True),
    Column("mIoU", ("reconstructions", "miou"), 3, True),
    Column("accuracy", ("reconstructions", "accuracy"), 3, True),
)
"""As SEAN's tables 1 and 2."""
DIVERSITY = (
    Column("pictures", ("diversity", "pictures"), 0, None),
    Column("mCSD", ("diversity", "mcsd"), 4, True),
    Column("mOCD", ("diversity", "mocd"), 4, False),
    Column("change inside (of 255)", ("diversity", "inside_difference"), 2, True),
    Column("change outside (of 255)", ("diversity", "outside_difference"), 2, False),
    Column("FID, drawn styles", ("FID-MobileNetV2, drawn styles",), 1, False),
    Column("FID-InceptionV3, drawn styles", ("FID-InceptionV3, drawn styles",), 1, False, optional=True),
)
"""As the tables of the SMIS paper."""
SEGMENTATION = (
    Column("pictures", ("pictures",), 0, None),
    Column("mIoU", ("miou",), 3, True),
    Column("mIoU without rare labels", ("miou_without_rare",), 3, True),
    Column("accuracy", ("accuracy",), 3, True),
)
"""For parsers."""


def shown_columns(measured: Sequence[Mapping[str, Any]], columns: Sequence[Column]) -> list[Column]:
    """Those of a table of these metrics: without optional ones that nothing has."""
    return [
        column
        for column in columns
        if not column.optional or any(column.value(metrics) is not None for metrics in measured)
    ]


def tables(measured: Sequence[Mapping[str, Any]]) -> str:
    """Weights side by side as Markdown: for each split of each data set, a table for each kind of numbers it has.

    Bold is the best of two or more that compare: of the same split, at the same resolution, on as many pictures.
    """
    parts = []
    for split in dict.fromkeys(f"{metrics['data']}/{metrics['split']}" for metrics in measured):
        here = [metrics for metrics in measured if f"{metrics['data']}/{metrics['split']}" == split]
        for title, columns, key in (
            ("Reconstruction", RECONSTRUCTION, "psnr"),
            ("Drawn styles", DIVERSITY, "diversity"),
            ("Label maps", SEGMENTATION, "miou"),
        ):
            chosen = [metrics for metrics in here if metrics.get(key) is not None]
            if chosen:
                parts.append(f"**{title}**, {split}:\n\n{_table(chosen, shown_columns(chosen, columns))}")
        labels = [metrics for metrics in here if isinstance(metrics.get("iou"), Mapping)]
        if labels:
            parts.append(f"**IoU per label**, {split}:\n\n{_iou_table(labels)}")
    return "\n\n".join(parts) + "\n"


def _table(measured: Sequence[Mapping[str, Any]], columns: Sequence[Column]) -> str:
    kinds = [kind_of(metrics) for metrics in measured]
    cells = [[f"{metrics['weights']} ({metrics['system']})" for metrics in measured]]
    for column in columns:
        values = [column.value(metrics) for metrics in measured]
        shown = ["–" if value is None else f"{value:.{column.decimals}f}" for value in values]
        best = best_of(shown, kinds, column.more)
        cells.append([f"**{text}**" if n in best else text for n, text in enumerate(shown)])
    return _lines(["weights", *[column.heading() for column in columns]], list(zip(*cells, strict=True)))


def kind_of(metrics: Mapping[str, Any]) -> tuple[Any, ...]:
    """Numbers compare where this is equal: pictures of the same split, at the same resolution, as many."""
    return tuple(metrics.get(key) for key in ("data", "split", "resolution", "pictures"))


def best_of(shown: Sequence[str], kinds: Sequence[Any], more: bool | None) -> set[int]:
    """Rows that are the best, as shown, of two or more of their kind; "–" is no number, None knows no better side."""
    best: set[int] = set()
    for row, text in enumerate(shown):
        rivals = [float(other) for other, kind in zip(shown, kinds, strict=True) if other != "–" and kind == kinds[row]]
        if text != "–" and more is not None and len(rivals) > 1 and float(text) == (max if more else min)(rivals):
            best.add(row)
    return best


def _iou_table(measured: Sequence[Mapping[str, Any]]) -> str:
    names = list(dict.fromkeys(name for metrics in measured for name in metrics["iou"]))
    body = []
    for name in names:
        values = [metrics["iou"].get(name) for metrics in measured]
        body.append([name, *["–" if value is None else f"{value:.3f}" for value in values]])
    return _lines(["label", *[str(metrics["weights"]) for metrics in measured]], body)


def _lines(heading: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    rule = ["---", *["---:"] * (len(heading) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in [heading, rule, *body])


def _text(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.4f}"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
