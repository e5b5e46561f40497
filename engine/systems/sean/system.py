"""What SEAN is and can: the whole of what the rest of Tessera knows about it. The other files of this folder are named
here by path and imported when they are needed.

This is the example to follow when a system is added. In the order in which one writes them: `network.py` (the paper's
network, from a config dataclass), `painter.py` (weights in use), `task.py` (how it is trained); then, where there is
something to say, `finish.py` (what publishing adds), `published.py` and `golden.py` (the authors' files and numbers),
`fast.py` and `bench.py` (exact fast synthesis).
"""

from __future__ import annotations

from engine.systems.base import (
    CC_BY_NC_SA,
    EDIT,
    PAINTERS_MEASURED,
    RECONSTRUCTION_LOSSES,
    RENDER,
    Abilities,
    Network,
    System,
    number_of,
    patch_discriminator,
    resolution_of,
)
from engine.weights.card import Card

FOLDER = "engine.systems.sean"
BLOCKS = (False, True, False, True, True, True, True)
"""As `SEANConfig.upsample_before`, for cards that do not say."""
MEAN_STYLE = "mean_style"
"""Name of the (E, L, D) mean style of a data set, kept beside the network's own tensors in a weights file."""


def abilities(card: Card) -> Abilities:
    """Pictures give styles to every SEAN; styles are drawn where it was measured how they vary."""
    config = card.config_of("generator")
    doublings = config.get("upsample_before")
    doublings = doublings if isinstance(doublings, list | tuple) else BLOCKS
    can_cross_over = config.get("encoders", "unified") != "sean"  # the ablation with an encoder per SEAN layer
    return Abilities(
        images=True,
        samples=bool(card.styles_sha256),
        pieces=True,
        blocks=min(number_of(config, "styled_blocks", 6), len(doublings)) if can_cross_over else 0,
        stride=int(2 ** sum(map(bool, doublings))),
        resolution=resolution_of(config),
    )


SYSTEM = System(
    id="sean",
    title="SEAN",
    paper="Zhu et al., CVPR 2020, arXiv 1911.12861",
    weights_licence=CC_BY_NC_SA,
    networks={
        "generator": Network(
            title="SEAN",
            config=f"{FOLDER}.network:SEANConfig",
            module=f"{FOLDER}.network:SEANGenerator",
            stride=lambda config: int(config.stride),
        ),
        "discriminator": patch_discriminator(),
    },
    abilities=abilities,
    requests=(RENDER, EDIT),
    runtime=f"{FOLDER}.painter:SEANPainter",
    task=f"{FOLDER}.task:make_task",
    task_config=f"{FOLDER}.task:SEANTaskConfig",
    measuring=PAINTERS_MEASURED,
    names=RECONSTRUCTION_LOSSES,
    finish=f"{FOLDER}.finish:FINISH",
    published=f"{FOLDER}.published:PUBLISHED",
    golden=f"{FOLDER}.golden:KINDS",
    bench=f"{FOLDER}.bench:BENCH",
    examples=f"{FOLDER}.examples:EXAMPLES",
    extras=(MEAN_STYLE,),
    default_name="sean-faces",
)
