"""What is said of weights: a row of the table, and a page on the chosen one."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import Any

from app.shell.i18n import mark, tr
from app.texts.metric_names import metric_text
from app.texts.translate import translate
from engine.weights.card import metrics_by_split
from engine.weights.manage import Missing
from engine.weights.store import MODEL_FILE, WeightsEntry

NUMBERS = ("ssim", "psnr", "FID-MobileNetV2", "fid_mobilenet_v2", "miou", "accuracy", "mcsd", "mocd")
OF_SYSTEM = "weights of this system"
USES = {
    "the perceptual loss of training and the Frechet distance FID-MobileNetV2": mark(
        "the perceptual loss of training and the Frechet distance FID-MobileNetV2"
    ),
    "the Frechet distance FID-InceptionV3 and the Inception score": mark(
        "the Frechet distance FID-InceptionV3 and the Inception score"
    ),
    "the perceptual loss of training, as published": mark("the perceptual loss of training, as published"),
    OF_SYSTEM: mark("weights of this system"),
}


def cells(entry: WeightsEntry, checked: str | None) -> list[str]:
    """One row of the table. `checked`: what reading the file has told, "" for a good one; None: not read yet."""
    card = entry.card
    size = _size(entry.folder / MODEL_FILE)
    if card is None:
        return [entry.name, "–", "–", size, "–", translate(entry.problem)]
    labels = card.labels()
    side = card.config.get("resolution")
    state = tr("card read") if checked is None else (tr("checked") if not checked else translate(checked))
    return [
        card.name or entry.name,
        card.system + (f", {side} px" if isinstance(side, int) else ""),
        f"{len(labels)} ({labels.name})" if labels is not None else "–",
        size,
        card.weights_licence or tr("licence not stated"),
        state,
    ]


def _size(path: Path) -> str:
    try:
        return f"{path.stat().st_size / 1e6:.1f} MB"
    except OSError:
        return "–"


def entry_html(entry: WeightsEntry, checked: str | None) -> str:
    """All that a card says, as a page; `checked` as for `cells`."""
    card = entry.card
    parts = [f"<h3>{escape(entry.name)}</h3>"]
    problem = checked or entry.problem
    if problem:
        parts.append(f"<p><b>{escape(translate(problem))}</b></p>")
    rows: list[tuple[str, str]] = []
    if card is not None:
        trained = tr("{0} steps in {1} min").format(card.steps, round(card.seconds / 60)) if card.steps else ""
        rows += [
            (tr("Trained"), trained),
            (tr("Data"), " – ".join(part for part in (card.data, card.data_licence) if part)),
            (tr("Licence"), card.weights_licence),
            *((_split(split), _metrics(numbers)) for split, numbers in metrics_by_split(card).items()),
            (tr("Notes"), card.notes),
            (tr("Perceptual network"), card.perceptual_network),
            ("SHA-256", card.sha256),
        ]
    rows.append((tr("Folder"), str(entry.folder)))
    return "".join(parts) + _table(rows)


def missing_html(gap: Missing) -> str:
    """What is not installed is for, and where its files go."""
    files = ", ".join(gap.files)
    use = tr("Not installed. It is used for: {0}.").format(tr(USES[gap.use]))
    return (
        f"<h3>{escape(gap.name)}</h3><p>{escape(use)}</p>"
        f"<p>{escape(tr('Put {0} into {1}.').format(files, gap.folder))}</p>"
    )


def _split(split: str) -> str:
    return {"": tr("Metrics"), "at_training": tr("At training")}.get(split, tr("On {0}").format(split))


def _metrics(numbers: dict[str, Any]) -> str:
    inside = numbers.get("reconstructions")
    found = {**(inside if isinstance(inside, dict) else {}), **numbers}
    shown = {metric_text(key): found[key] for key in NUMBERS if isinstance(found.get(key), int | float)}
    return ", ".join(f"{name} {value:.4g}" for name, value in shown.items())


def _table(rows: Iterable[tuple[str, str]]) -> str:
    cells = (
        f'<tr><td style="padding-right:14px; white-space:nowrap">{escape(name)}</td><td>{escape(text)}</td></tr>'
        for name, text in rows
        if text
    )
    return f"<table>{''.join(cells)}</table>"
