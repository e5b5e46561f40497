"""Exponential moving average of a network's parameters and of its batch-norm statistics."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn


class EMA:
    """Average of everything that floats in a module's state.

    Averaging the batch-norm statistics too, instead of copying the newest, keeps colours true: they belong to the
    averaged weights. The average starts as a copy and warms up: decay = min(decay, (1 + n) / (10 + n)).

    Args:
        module: the network that is trained.
        decay: share of the old average kept per update; 0: the average is a copy of the newest state.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.decay = decay
        self.updates = 0
        self.state = {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}

    @torch.no_grad()
    def update(self, module: nn.Module) -> None:
        """Take the module's present state into the average."""
        self.updates += 1
        new_share = 1 - min(self.decay, (1 + self.updates) / (10 + self.updates))
        averages, new_tensors = [], []
        for tensor_name, tensor in module.state_dict().items():
            if tensor.is_floating_point():
                averages.append(self.state[tensor_name])
                new_tensors.append(tensor)
            else:
                self.state[tensor_name].copy_(tensor)
        torch._foreach_lerp_(averages, new_tensors, new_share)

    def state_dict(self) -> dict[str, Any]:
        """For a checkpoint."""
        return {"ema": self.state, "updates": self.updates}

    def load_state_dict(self, saved_state: dict[str, Any]) -> None:
        """Put it back. Raises KeyError, RuntimeError: it is of another network."""
        for tensor_name, tensor in saved_state["ema"].items():
            self.state[tensor_name].copy_(tensor)
        self.updates = int(saved_state["updates"])
