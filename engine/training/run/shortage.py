"""Running out of memory in training: an expected error, which names what can be made smaller."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from engine.devices import is_out_of_memory
from engine.errors import OutOfMemory
from engine.training.recipe import Recipe


def too_little_memory(recipe: Recipe, device: torch.device, error: BaseException) -> OutOfMemory:
    """The error for users; what torch said goes into its details."""
    return OutOfMemory(
        "There is not enough memory on {0} to train with batch {1} at {2} x {2} pixels; "
        "choose a smaller batch (and more accumulate), a smaller resolution or another device.",
        device, recipe.batch, recipe.resolution, details=repr(error),
    )


@contextmanager
def shortage_told(recipe: Recipe, device: torch.device) -> Iterator[None]:
    """Raises OutOfMemory for whatever says inside that memory ran out."""
    try:
        yield
    except OutOfMemory:
        raise
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        raise too_little_memory(recipe, device, error) from error
