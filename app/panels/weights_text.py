"""What is said of weights: a row of the table, and a page on the chosen one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path

from app.shell.i18n import tr
from app.texts.label_names import set_name
from app.texts.system_names import system_text
from app.texts.translate import translate
from engine.metrics.names import main_numbers
from engine.systems import abilities, find_system
from engine.systems.base import System
from engine.weights.card import Card, metrics_by_split
from engine.weights.manage import Missing
from engine.weights.store import WeightsEntry


def cells(weights_entry: WeightsEntry, checked_problem: str | None) -> list[str]:
    """One row of the table. `checked_problem`: what reading the file has found, "" for a good one; None: not read
    yet."""
    card = weights_entry.card
    size = _size(weights_entry.tensors)
    if card is None:
        return [weights_entry.name, "–", "–", size, "–", translate(weights_entry.problem)]
    labels = card.labels()
    resolution = abilities(card).resolution
    state = (
        tr("card read")
        if checked_problem is None
        else (tr("checked") if not checked_problem else translate(checked_problem))
    )
    return [
        card.name or weights_entry.name,
        system_text(card.system) + (f", {resolution} px" if resolution else ""),
        f"{len(labels)} ({set_name(labels)})" if labels is not None else "–",
        size,
        card.weights_licence or tr("licence not stated"),
        state,
    ]


def _size(model_path: Path) -> str:
    try:
        return f"{model_path.stat().st_size / 1e6:.1f} MB"
    except OSError:
        return "–"


def entry_html(weights_entry: WeightsEntry, checked_problem: str | None) -> str:
    """All that a card says, as a page; `checked_problem` as for `cells`."""
    card = weights_entry.card
    html_parts = [f"<h3>{escape(weights_entry.name)}</h3>"]
    problem = checked_problem or weights_entry.problem
    if problem:
        html_parts.append(f"<p><b>{escape(translate(problem))}</b></p>")
    rows: list[tuple[str, str]] = []
    if card is not None:
        trained = tr("{0} steps in {1} min").format(card.steps, round(card.seconds / 60)) if card.steps else ""
        rows += [
            (tr("Trained"), trained),
            (tr("Data"), " – ".join(data_part for data_part in (card.data, card.data_licence) if data_part)),
            (tr("Licence"), card.weights_licence),
            *_method_rows(find_system(card.system)),
            *_metric_rows(card),
            (tr("Notes"), card.notes),
            (tr("Perceptual network"), card.perceptual_network),
            ("SHA-256", card.sha256),
        ]
    rows.append((tr("Folder"), str(weights_entry.folder)))
    return "".join(html_parts) + _table(rows)


def _method_rows(known_system: System | None) -> list[tuple[str, str]]:
    """Where a method comes from, and under which licence its code stands here."""
    if known_system is None:
        return []
    return [
        (tr("Method"), f"{known_system.title} ({known_system.paper})"),
        (tr("Licence of the code"), known_system.code_licence),
    ]


def missing_html(missing_item: Missing) -> str:
    """What something that is not installed is for, and where its files go."""
    file_names = ", ".join(missing_item.files)
    use_sentence = tr("Not installed. It is used for: {0}.").format(translate(missing_item.use))
    known_system = find_system(missing_item.system)
    rows = _method_rows(known_system)
    if known_system is not None:
        rows.append((tr("Licence of the authors' weights"), known_system.weights_licence))
    return (
        f"<h3>{escape(missing_item.name)}</h3><p>{escape(use_sentence)}</p>"
        f"<p>{escape(tr('Put {0} into {1}.').format(file_names, missing_item.folder))}</p>"
        f"{_table(rows)}"
    )


def _split(split_name: str) -> str:
    return {"": tr("Metrics"), "at_training": tr("At training")}.get(split_name, tr("On {0}").format(split_name))


def _metric_rows(card: Card) -> Iterator[tuple[str, str]]:
    """The main numbers of each split."""
    for split_name, measured in metrics_by_split(card).items():
        numbers = main_numbers(card.system, measured)
        yield _split(split_name), ", ".join(f"{translate(name)} {number:.4g}" for name, number in numbers)


def _table(rows: Iterable[tuple[str, str]]) -> str:
    cells = (
        f'<tr><td style="padding-right:14px; white-space:nowrap">{escape(row_name)}</td>'
        f"<td>{escape(row_text)}</td></tr>"
        for row_name, row_text in rows
        if row_text
    )
    return f"<table>{''.join(cells)}</table>"
