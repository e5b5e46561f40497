"""Metrics for people: lines for a terminal, and several weights side by side as the papers' tables have them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


def rows(metrics: dict[str, Any]) -> list[tuple[str, str]]:
    """The metrics as (name, value) lines for a terminal; a missing number says why."""
    lines: list[tuple[str, str]] = []
    missing = metrics.get("missing", {})
    for key, value in metrics.items():
        if key in ("missing", "label_shares"):
            continue
        if value is None:
            lines.append((key, f"- ({missing.get(key, 'not measured')})"))
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
    """One column of a table: its heading, where the number stands in the metrics, decimals, whether more is better."""

    title: str
    path: tuple[str, ...]
    decimals: int
    more: bool | None

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
    Column("FID-MobileNetV2", ("FID-MobileNetV2",), 1, False),
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
)
"""As the tables of the SMIS paper."""
SEGMENTATION = (
    Column("pictures", ("pictures",), 0, None),
    Column("mIoU", ("miou",), 3, True),
    Column("mIoU without rare labels", ("miou_without_rare",), 3, True),
    Column("accuracy", ("accuracy",), 3, True),
)
"""For parsers."""


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
                parts.append(f"**{title}**, {split}:\n\n{_table(chosen, columns)}")
        labels = [metrics for metrics in here if isinstance(metrics.get("iou"), Mapping)]
        if labels:
            parts.append(f"**IoU per label**, {split}:\n\n{_iou_table(labels)}")
    return "\n\n".join(parts) + "\n"


def _table(measured: Sequence[Mapping[str, Any]], columns: Sequence[Column]) -> str:
    kinds = [(metrics.get("resolution"), metrics.get("pictures")) for metrics in measured]
    cells = [[f"{metrics['weights']} ({metrics['system']})" for metrics in measured]]
    for column in columns:
        values = [column.value(metrics) for metrics in measured]
        shown = ["–" if value is None else f"{value:.{column.decimals}f}" for value in values]
        cells.append([_bold(text, n, shown, kinds, column.more) for n, text in enumerate(shown)])
    return _lines(["weights", *[column.heading() for column in columns]], list(zip(*cells, strict=True)))


def _bold(text: str, row: int, shown: Sequence[str], kinds: Sequence[Any], more: bool | None) -> str:
    """The number in bold if it is the best, as shown, of two or more rows of its kind."""
    rivals = [float(other) for other, kind in zip(shown, kinds, strict=True) if other != "–" and kind == kinds[row]]
    if text == "–" or more is None or len(rivals) < 2:
        return text
    return f"**{text}**" if float(text) == (max(rivals) if more else min(rivals)) else text


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
