"""The face finder in small."""

from __future__ import annotations

import torch
from torch import Tensor

from engine.systems.examples import Examples, NeedsNumbers, NetworkExample, Size, Tiny, pictures
from engine.systems.face_finder import task
from engine.systems.face_finder.network import CELL, FinderConfig


def _shapes(config: FinderConfig, size: Size) -> list[tuple[int, ...]]:
    cells = size.height // CELL, size.width // CELL
    return [(size.batch, channels, *cells) for channels in (1, 1, 6)]


def _target_of_none(faces: list[Tensor], height: int, width: int) -> task.Target:
    """Of no face at all."""
    cells = torch.zeros(len(faces), 1, height, width, device=faces[0].device)
    return task.Target(cells, cells + 1, cells, cells + 1, cells.expand(-1, 6, -1, -1))


EXAMPLES = Examples(
    networks={
        "finder": NetworkExample(
            inputs=lambda config, size: [pictures(size)],
            shapes=_shapes,
            small={"resolution": 64, "widths": (8, 8, 8, 8, 8), "neck": 8},
        )
    },
    recipe_millions={"faces": (0.1, 1.0)},
    tiny=Tiny(resolution=64, model={"widths": [8, 8, 8, 8, 8], "neck": 8}, task={"warm_up": 2}),
    needs_numbers=(
        NeedsNumbers(task, "target_of", _target_of_none, "frames follow from the numbers of a picture's faces"),
        NeedsNumbers(
            task,
            "with_faces_drawn",
            lambda pictures, sightings: pictures,
            "how many faces a heat map shows is known once it is looked at",
        ),
    ),
)
