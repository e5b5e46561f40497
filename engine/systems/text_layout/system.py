"""What the box generator of hierarchical text-to-image synthesis is and can: sentences become layouts."""

from __future__ import annotations

from engine.errors import Message
from engine.systems.base import Abilities, Measuring, Network, System
from engine.weights.card import Card

FOLDER = "engine.systems.text_layout"


def abilities(card: Card) -> Abilities:
    """Boxes alone: label maps are neither painted nor found."""
    return Abilities()


SYSTEM = System(
    id="text-layout",
    title="Hierarchical (boxes)",
    paper="Hong et al., CVPR 2018, arXiv 1801.05091",
    networks={
        "generator": Network(
            title="the box generator",
            config=f"{FOLDER}.network:BoxGeneratorConfig",
            module=f"{FOLDER}.network:BoxGenerator",
            spectral=False,
        ),
    },
    abilities=abilities,
    requests=("engine.requests.layout:LayoutRequest",),
    runtime=f"{FOLDER}.planner:LayoutPlanner",
    data="engine.data.kinds:LAYOUT_FILE",
    task=f"{FOLDER}.task:LayoutTask",
    task_config=f"{FOLDER}.task:LayoutTaskConfig",
    measuring=Measuring(
        measure=f"{FOLDER}.measure:measure",
        sheet=f"{FOLDER}.measure:sheet",
        tables=(f"{FOLDER}.measure:TABLE",),
        main_numbers=("label_f1", "label_nats", "box_nats"),
    ),
    names={
        "label": Message("label"),
        "position": Message("position"),
        "size": Message("size"),
        "domain": Message("domain"),
        "label_nats": Message("nats per label"),
        "box_nats": Message("nats per box"),
        "label_f1": Message("F1 of labels"),
        "keyword_f1": Message("F1 of labels by keywords"),
        "blind": Message("without the sentence"),
        "shuffled": Message("another picture's sentence"),
        "layouts": Message("layouts"),
        "domains": Message("domains"),
        "obeyed": Message("stated and obeyed"),
        "obeyed_unasked": Message("obeyed by another sentence's layout"),
        "count": Message("counts"),
        "side": Message("sides"),
        "present": Message("labels named"),
    },
    measures_data=False,
    examples=f"{FOLDER}.examples:EXAMPLES",
)
