"""What the made-up system is and can."""

from __future__ import annotations

from engine.errors import Message
from engine.systems.base import Abilities, Measuring, Network, System
from engine.weights.card import Card

FOLDER = "tests.engine.systems.made_up"


def abilities(card: Card) -> Abilities:
    """It neither paints nor parses."""
    return Abilities()


SYSTEM = System(
    id="tones",
    title="Tones",
    paper="nobody's",
    networks={
        "player": Network(
            title="the player",
            config=f"{FOLDER}.networks:PlayerConfig",
            module=f"{FOLDER}.networks:Player",
            spectral=False,
        ),
        "hearer": Network(
            title="the hearer",
            config=f"{FOLDER}.networks:HearerConfig",
            module=f"{FOLDER}.networks:Hearer",
            spectral=False,
        ),
    },
    abilities=abilities,
    requests=(f"{FOLDER}.request:ToneRequest",),
    runtime=f"{FOLDER}.runtime:Instrument",
    measuring=Measuring(
        measure=f"{FOLDER}.measure:measure",
        sheet=f"{FOLDER}.measure:sheet",
        tables=(f"{FOLDER}.measure:TABLE",),
        main_numbers=("pitch_error", "score"),
    ),
    names={
        "wave": Message("error of waves"),
        "pitch": Message("error of pitches heard"),
        "pitch_error": Message("pitch error"),
        "tones": Message("tones"),
    },
    data=f"{FOLDER}.data:TONES",
    task=f"{FOLDER}.task:ToneTask",
    task_config=f"{FOLDER}.task:ToneTaskConfig",
    trains=("player", "hearer"),
    examples=f"{FOLDER}.examples:EXAMPLES",
)
