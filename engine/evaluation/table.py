"""Metrics for people: lines for a terminal, and several weights side by side as the papers' tables have them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.errors import Message, listed
from engine.metrics.names import number_name
from engine.systems import find_system


def rows(metrics: dict[str, Any]) -> list[tuple[str, str]]:
    """The metrics as (name, value) lines for a terminal; a missing number says why."""
    lines: list[tuple[str, str]] = []
    missing = metrics.get("missing", {})
    for metric_name, measured in metrics.items():
        if metric_name in ("missing", "label_shares"):
            continue
        if measured is None:
            lines.append((metric_name, Message("- ({0})", missing.get(metric_name, Message("not measured")))))
        elif metric_name == "iou":
            lines += [(f"iou: {name}", _as_text(number)) for name, number in measured.items()]
        elif metric_name == "diversity":
            lines += _diversity_rows(measured)
        elif metric_name == "classes":
            lines += [(f"class: {name}", _named_numbers(numbers)) for name, numbers in measured.items()]
        elif metric_name in ("reconstructions", "real_pictures"):
            words = "parser on " + metric_name.replace("_", " ")
            lines += [
                (f"{words}: {name}", _as_text(measured[name])) for name in ("miou", "miou_without_rare", "accuracy")
            ]
            lines += [(f"{words}: iou: {name}", _as_text(number)) for name, number in measured["iou"].items()]
        elif isinstance(measured, dict):
            lines += [(f"{metric_name}: {name}", _as_text(detail)) for name, detail in measured.items()]
        else:
            lines.append((metric_name, _as_text(measured)))
    return lines


def _diversity_rows(diversity: Mapping[str, Any]) -> list[tuple[str, str]]:
    lines = [(f"diversity: {name}", _as_text(number)) for name, number in diversity.items() if name != "by_label"]
    for label, label_numbers in diversity["by_label"].items():
        lines.append((f"diversity: {label}", _in_words(label_numbers)))
    return lines


def _named_numbers(numbers: Mapping[str, Any]) -> Message:
    """The numbers one after another, each behind its name; a window translates the names."""
    return listed(Message("{0} {1}", number_name(name), _as_text(number)) for name, number in numbers.items())


def _in_words(numbers: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {_as_text(number)}" for name, number in numbers.items())


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
        measured: Any = metrics
        for key in self.path:
            measured = measured.get(key) if isinstance(measured, Mapping) else None
        return float(measured) if isinstance(measured, int | float) else None

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
    Column("FID-EfficientNetLite0", ("FID-EfficientNetLite0",), 1, False, optional=True),
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
    Column("sure", ("sure",), 2, True, optional=True),
    Column("of those good", ("sure_right",), 3, True, optional=True),
)
"""For parsers."""


GENERATED = (
    Column("pictures", ("pictures",), 0, None),
    Column("side", ("resolution",), 0, None),
    Column("FID-MobileNetV2", ("FID-MobileNetV2",), 1, False),
    Column("KID-MobileNetV2", ("KID-MobileNetV2",), 4, False),
    Column("FID-EfficientNetLite0", ("FID-EfficientNetLite0",), 1, False, optional=True),
    Column("KID-EfficientNetLite0", ("KID-EfficientNetLite0",), 4, False, optional=True),
    Column("classes nearest to their own", ("nearest_classes",), 3, True),
)
"""For pictures of classes."""
TABLES = (
    ("Reconstruction", RECONSTRUCTION, "psnr"),
    ("Drawn styles", DIVERSITY, "diversity"),
    ("Label maps", SEGMENTATION, "miou"),
    ("Pictures of classes", GENERATED, "nearest_classes"),
)
"""Title, columns, and the number that those who belong into it have."""


@dataclass(frozen=True)
class Section:
    """One table: its title, its columns, and the metrics of each row."""

    title: str
    columns: list[Column]
    measured: list[Mapping[str, Any]]


def sections_of(measured: Sequence[Mapping[str, Any]]) -> list[Section]:
    """The tables of these metrics. Those that belong into none of `TABLES` have one of their system's main numbers."""
    sections, tabled = [], set()
    for title, columns, metric_name in TABLES:
        comparable = [metrics for metrics in measured if metrics.get(metric_name) is not None]
        if comparable:
            sections.append(Section(title, shown_columns(comparable, columns), comparable))
            tabled |= {id(metrics) for metrics in comparable}
    others = [metrics for metrics in measured if id(metrics) not in tabled]
    for system_id in dict.fromkeys(str(metrics["system"]) for metrics in others):
        own = [metrics for metrics in others if metrics["system"] == system_id]
        if main_columns := _main_columns(system_id):
            sections.append(Section(system_id, main_columns, own))
    return sections


def _main_columns(system_id: str) -> list[Column]:
    known_system = find_system(system_id)
    paths = [path.split(".") for path in known_system.main_numbers] if known_system is not None else []
    return [Column(number_name(path[-1]), tuple(path), 4, None) for path in paths]


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
    sections = []
    for split in dict.fromkeys(f"{metrics['data']}/{metrics['split']}" for metrics in measured):
        split_metrics = [metrics for metrics in measured if f"{metrics['data']}/{metrics['split']}" == split]
        for section in sections_of(split_metrics):
            numbers_table = _numbers_table(section.measured, section.columns)
            sections.append(f"**{section.title}**, {split}:\n\n{numbers_table}")
        with_ious = [metrics for metrics in split_metrics if isinstance(metrics.get("iou"), Mapping)]
        if with_ious:
            sections.append(f"**IoU per label**, {split}:\n\n{_iou_table(with_ious)}")
    return "\n\n".join(sections) + "\n"


def _numbers_table(measured: Sequence[Mapping[str, Any]], columns: Sequence[Column]) -> str:
    kinds = [kind_of(metrics) for metrics in measured]
    column_cells = [[f"{metrics['weights']} ({metrics['system']})" for metrics in measured]]
    for column in columns:
        values = [column.value(metrics) for metrics in measured]
        value_texts = ["–" if value is None else f"{value:.{column.decimals}f}" for value in values]
        best_rows = best_of(value_texts, kinds, column.more)
        column_cells.append(
            [f"**{text}**" if row_index in best_rows else text for row_index, text in enumerate(value_texts)]
        )
    return _markdown_table(
        ["weights", *[column.heading() for column in columns]], list(zip(*column_cells, strict=True))
    )


def kind_of(metrics: Mapping[str, Any]) -> tuple[Any, ...]:
    """Numbers compare where this is equal: pictures of the same split, at the same resolution, as many."""
    return tuple(metrics.get(key) for key in ("data", "split", "resolution", "pictures"))


def best_of(shown: Sequence[str], kinds: Sequence[Any], higher_is_better: bool | None) -> set[int]:
    """Rows that are the best, as shown, of two or more of their kind; "–" is no number, None knows no better side."""
    best_rows: set[int] = set()
    for row, text in enumerate(shown):
        rivals = [
            float(rival_text)
            for rival_text, kind in zip(shown, kinds, strict=True)
            if rival_text != "–" and kind == kinds[row]
        ]
        if (
            text != "–"
            and higher_is_better is not None
            and len(rivals) > 1
            and float(text) == (max if higher_is_better else min)(rivals)
        ):
            best_rows.add(row)
    return best_rows


def _iou_table(measured: Sequence[Mapping[str, Any]]) -> str:
    label_names = list(dict.fromkeys(label_name for metrics in measured for label_name in metrics["iou"]))
    table_rows = []
    for label_name in label_names:
        label_ious = [metrics["iou"].get(label_name) for metrics in measured]
        table_rows.append([label_name, *["–" if iou is None else f"{iou:.3f}" for iou in label_ious]])
    return _markdown_table(["label", *[str(metrics["weights"]) for metrics in measured]], table_rows)


def _markdown_table(heading: Sequence[str], table_rows: Sequence[Sequence[str]]) -> str:
    alignment = ["---", *["---:"] * (len(heading) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in [heading, alignment, *table_rows])


def _as_text(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.4f}"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
