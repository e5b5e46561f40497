"""What the face finder is and can: where faces are in pictures."""

from __future__ import annotations

from engine.errors import Message
from engine.systems.base import Abilities, Measuring, Network, System, resolution_of
from engine.weights.card import Card

FOLDER = "engine.systems.face_finder"


def abilities(card: Card) -> Abilities:
    """Pictures of any size; nothing is painted."""
    return Abilities(resolution=resolution_of(card.config_of("finder")))


SYSTEM = System(
    id="face-finder",
    title="Face finder",
    paper="ours, after CenterNet (Zhou et al. 2019, arXiv 1904.07850)",
    networks={
        "finder": Network(
            title="the face finder",
            config=f"{FOLDER}.network:FinderConfig",
            module=f"{FOLDER}.network:FinderNetwork",
            stride=lambda config: config.stride,
            spectral=False,
        )
    },
    abilities=abilities,
    requests=("engine.requests.faces.find_faces:FindFacesRequest",),
    runtime=f"{FOLDER}.finder:FaceFinder",
    data=f"{FOLDER}.kind:BLENDED_FACES",
    task=f"{FOLDER}.task:FinderTask",
    task_config=f"{FOLDER}.task:FinderTaskConfig",
    names={
        "heat": Message("heat map"),
        "sides": Message("sides"),
        "points": Message("eyes and mouth"),
        "found": Message("found"),
        "false_alarms": Message("false alarms"),
        "strays": Message("found beside true faces"),
        "eyes_off": Message("eyes off"),
        "faces": Message("faces"),
        "places": Message("places"),
        "seconds_12_megapixels": Message("seconds for 12 megapixels"),
    },
    measuring=Measuring(
        measure=f"{FOLDER}.measure:measure",
        sheet=f"{FOLDER}.measure:sheet",
        tables=(f"{FOLDER}.measure:TABLE",),
        main_numbers=("found", "false_alarms", "eyes_off"),
    ),
    measures_data=False,
    examples=f"{FOLDER}.examples:EXAMPLES",
)
