"""How its weights are measured: each tone of a split is played, and heard again."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engine.data.layout import evenly
from engine.errors import Message
from engine.progress import Progress
from engine.systems.measuring import Cell, Column, Figures, MeasureOptions, Row, Table
from tests.engine.systems.made_up.data import Tones
from tests.engine.systems.made_up.runtime import Instrument

TABLE = Table("Tones", (Column("tones", ("tones",), 0, None), Column("pitch error", ("pitch_error",), 3, False)))


def measure(instrument: Instrument, data_folder: Path, options: MeasureOptions, report: Progress) -> Figures:
    """pitch_error: the mean absolute difference of pitches and what the hearer hears."""
    tones = Tones(data_folder, options.split, 16)
    pitches = [float(tones.pitches[index]) for index in evenly(len(tones), options.limit or len(tones))]
    errors = []
    for pitch in pitches:
        errors.append(abs(instrument.play(pitch)[1] - pitch))
        report(len(errors) / len(pitches), Message("measured"))
    return {"tones": len(pitches), "pitch_error": float(np.mean(errors)), "missing": {}}


def sheet(instrument: Instrument, data_folder: Path, options: MeasureOptions, report: Progress) -> list[Row]:
    """A row of grey squares per tone."""
    rows = []
    for pitch in Tones(data_folder, options.split, 16).pitches[: options.limit].flatten().tolist():
        wave = np.array(instrument.play(pitch)[0])
        grey = np.clip(127.5 * (wave + 1), 0, 255).astype(np.uint8)
        pixels = np.repeat(np.repeat(grey[None, :, None], 16, axis=0), 3, axis=2)
        rows.append(Row(f"pitch {pitch:.2f}", (), (Cell(instrument.card.name, pixels),)))
    return rows
