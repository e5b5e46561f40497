"""Label maps for a data folder that has pictures alone, found by a parser (`engine.data.parse_folder`)."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QMenu, QPushButton, QWidget

from app.jobs.work_lane import Work, WorkLane
from app.texts.label_names import set_name
from engine.errors import Cancelled, EngineError
from engine.labels.label_sets import LabelSet
from engine.weights.card import Card

if TYPE_CHECKING:
    from engine.data.parse_folder import ParsedFolder


@dataclass(frozen=True)
class Parsers:
    """The lane that parses, which takes minutes, and the weights that can: name and card of each."""

    lane: WorkLane
    cards: list[tuple[str, Card]]


class ParseButton(QPushButton):
    """Offers the parsers that suit a folder; while one is at work it stops it, and what was made stays.

    ``ended`` comes with the outcome, None where it was stopped; ``failed`` with what went wrong.
    """

    ended = Signal(object)  # ParsedFolder | None
    failed = Signal(object)  # EngineError
    progress = Signal(float, object)

    def __init__(self, parsers: Parsers, data_folder: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parsers, self._folder = parsers, data_folder
        self._stop = threading.Event()
        self._work: Work | None = None
        self.choices = QMenu(self)
        self.clicked.connect(self._clicked)
        self._show_state()

    @property
    def active(self) -> bool:
        """Whether a parser is at work."""
        return self._work is not None and not self._work.settled

    def offer(self, label_set: LabelSet | None) -> int:
        """Offer the parsers of a label set, None: all; returns how many there are."""
        self.choices.clear()
        for weights_name, card in self._parsers.cards:
            try:
                parser_labels = card.labels()
            except EngineError:
                continue  # a card that is wrong says so where it is used
            if parser_labels is not None and (label_set is None or parser_labels.same_labels(label_set)):
                text = self.tr("{0}, by {1}").format(set_name(parser_labels), weights_name)
                self.choices.addAction(text, partial(self._begin, weights_name, card))
        return len(self.choices.actions())

    def close_down(self) -> None:
        """The window goes: the parser ends after the present picture."""
        self._stop.set()
        if self._work is not None:
            self._work.cancel()

    def _clicked(self) -> None:
        if self.active:
            self._stop.set()
            self.setEnabled(False)
        else:
            self.choices.popup(self.mapToGlobal(self.rect().topLeft()))

    def _begin(self, weights_name: str, card: Card) -> None:
        self._stop.clear()
        data_folder, stop = self._folder, self._stop
        self._work = self._parsers.lane.submit(
            lambda work: _parse(work, data_folder, weights_name, card, stop),
            text=self.tr("Finding label maps"),
            on_done=self._done,
            on_failed=self._failed,
            on_progress=self.progress.emit,
        )
        self._show_state()

    def _done(self, outcome: ParsedFolder | None) -> None:
        self._show_state()
        self.ended.emit(outcome)

    def _failed(self, error: Exception) -> None:
        self._show_state()
        self.failed.emit(error)

    def _show_state(self) -> None:
        self.setEnabled(True)
        self.setText(self.tr("Stop finding label maps") if self.active else self.tr("Find label maps..."))
        self.setToolTip(
            self.tr("Ends after the present picture; the next time it goes on from there")
            if self.active
            else self.tr("Give every picture that has no label map one by a parser; those it is unsure of are left out")
        )


def _parse(work: Work, data_folder: Path, weights_name: str, card: Card, stop: threading.Event) -> ParsedFolder | None:
    """None where it was stopped. Raises EngineError."""
    from engine.data.parse_folder import parse_folder
    from engine.requests.parse import ParseRequest

    def label_map_of(picture_file: Path) -> tuple[Any, float]:
        with work.session() as session:
            result: Any = session.run(ParseRequest(weights=weights_name, path=str(picture_file)), None, stop)
        return result.label_map, result.confidence

    label_set = card.labels()
    assert label_set is not None  # it is what the parser was offered by
    try:
        return parse_folder(
            data_folder,
            label_map_of,
            label_set,
            weights=card.name,
            sha256=card.sha256,
            sure=card.sure_from,
            on_progress=work.progress,
            cancel=stop,
        )
    except Cancelled:
        if work.cancel_event.is_set():
            raise
        return None
