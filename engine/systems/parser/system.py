"""What the parser is and can: the one system that finds label maps in pictures."""

from __future__ import annotations

from engine.errors import Message
from engine.systems.base import (
    PARSE,
    Abilities,
    Measuring,
    Network,
    System,
    resolution_of,
)
from engine.weights.card import Card

FOLDER = "engine.systems.parser"


def abilities(card: Card) -> Abilities:
    """Pictures of any size: it scales them to its own resolution and the label map back."""
    config = card.config_of("parser")
    return Abilities(resolution=resolution_of(config))


SYSTEM = System(
    id="parser",
    title="Parser",
    paper="ours, after U-Net (Ronneberger et al., MICCAI 2015); or on EfficientNet (Tan and Le, ICML 2019)",
    networks={
        "parser": Network(
            title="the parser",
            config=f"{FOLDER}.network:ParserConfig",
            module=f"{FOLDER}.lite:build_parser",
            gives_features=True,
            stride=lambda config: config.stride,
            spectral=False,
        )
    },
    abilities=abilities,
    requests=(PARSE,),
    runtime=f"{FOLDER}.photo_parser:PhotoParser",
    task=f"{FOLDER}.task:ParserTask",
    task_config=f"{FOLDER}.task:ParserTaskConfig",
    measuring=Measuring(
        measure=f"{FOLDER}.measure:measure",
        sheet=f"{FOLDER}.measure:sheet",
        tables=(f"{FOLDER}.measure:SEGMENTATION",),
        main_numbers=("miou", "accuracy"),
    ),
    names={"cross_entropy": Message("cross entropy"), "jaccard": Message("Jaccard")},
    measures_data=False,  # shares of labels say what a painter has not learnt; nothing asks them of a parser
    examples=f"{FOLDER}.examples:EXAMPLES",
)
