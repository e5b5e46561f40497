"""Metrics for people: lines for a terminal, and several weights side by side as the papers' tables have them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.errors import Message, listed
from engine.metrics.names import number_name
from engine.systems import all_systems, find_system
from engine.systems.base import load_part
from engine.systems.measuring import Column, Table


def rows(metrics: dict[str, Any]) -> list[tuple[str, str]]:
    """The metrics as (name, value) lines for a terminal; a missing number says why."""
    lines: list[tuple[str, str]] = []
    missing = metrics.get("missing", {})
    for metric_name, measured in metrics.items():
        if metric_name in ("missing", "label_shares"):
            continue
        if measured is None:
            lines.append((metric_name, Message("- ({0})", missing.get(metric_name, Message("not measured")))))
        elif metric_name == "diversity":
            lines += _diversity_rows(measured)
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
class Section:
    """One table: its title, its columns, and the metrics of each row."""

    title: str
    columns: list[Column]
    measured: list[Mapping[str, Any]]


def sections_of(measured: Sequence[Mapping[str, Any]]) -> list[Section]:
    """The tables of these metrics: those that their systems name (`Measuring.tables`), systems with one table in common
    in it together."""
    sections = []
    for table_path in dict.fromkeys(path for system in all_systems() for path in system.measuring.tables):
        table: Table = load_part(table_path)
        comparable = [metrics for metrics in measured if _belongs(metrics, table_path, table)]
        if comparable:
            sections.append(Section(table.title, shown_columns(comparable, table.columns), comparable))
    return sections


def _belongs(metrics: Mapping[str, Any], table_path: str, table: Table) -> bool:
    known_system = find_system(str(metrics["system"]))
    is_named = known_system is not None and table_path in known_system.measuring.tables
    return is_named and (not table.needs or metrics.get(table.needs) is not None)


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
    if isinstance(value, Mapping):
        return _named_numbers(value)
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.4f}"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
