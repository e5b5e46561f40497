"""torch's Adam, in one pass over the weights on a CPU too.

torch's own `fused=True` takes channels-last weights for plain ones there: it copies gradients to and fro, and where a
gradient has another layout than its weight it silently pairs the wrong numbers (torch 2.13). Here every tensor is
handed over in the order that it has in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.adam import adam


class FusedAdam(torch.optim.Adam):
    """Adam; its checkpoints are torch's, and torch's are loaded.

    Args:
        parameters: what is trained, on one device.
        learning_rate, betas: see `torch.optim.Adam`.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], learning_rate: float, betas: tuple[float, float]) -> None:
        parameters = list(parameters)
        fusable = all(parameter.device.type in ("cpu", "cuda") for parameter in parameters)
        super().__init__(parameters, learning_rate, betas, fused=fusable or None)

        def keep_fused(_: torch.optim.Optimizer, optimizer_state: dict[str, Any]) -> dict[str, Any]:
            param_groups = [{**group, "fused": fusable or None} for group in optimizer_state["param_groups"]]
            return {**optimizer_state, "param_groups": param_groups}

        self.register_load_state_dict_pre_hook(keep_fused)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """One update."""
        if closure is not None or not all(param_group["fused"] for param_group in self.param_groups):
            return super().step(closure)
        for param_group in self.param_groups:
            state_lists: list[list[Tensor]] = [[], [], [], [], [], []]
            self._init_group(param_group, *state_lists)
            parameters, gradients, averages, squares, _, steps = state_lists
            for parameter in parameters:
                adam_state = self.state[parameter]
                for average_name in ("exp_avg", "exp_avg_sq"):
                    adam_state[average_name] = _in_layout_of(adam_state[average_name], parameter)
            adam(
                [_in_memory_order(parameter) for parameter in parameters],
                [
                    _in_memory_order(_in_layout_of(gradient, parameter))
                    for gradient, parameter in zip(gradients, parameters, strict=True)
                ],
                [_in_memory_order(self.state[parameter]["exp_avg"]) for parameter in parameters],
                [_in_memory_order(self.state[parameter]["exp_avg_sq"]) for parameter in parameters],
                [],
                steps,
                fused=True,
                grad_scale=getattr(self, "grad_scale", None),
                found_inf=getattr(self, "found_inf", None),
                amsgrad=False,
                beta1=param_group["betas"][0],
                beta2=param_group["betas"][1],
                lr=param_group["lr"],
                weight_decay=param_group["weight_decay"],
                eps=param_group["eps"],
                maximize=False,
            )
        return None


def _in_layout_of(tensor: Tensor, parameter: Tensor) -> Tensor:
    """A gradient or an average, laid out in memory as its parameter is."""
    return tensor if tensor.stride() == parameter.stride() else torch.empty_like(parameter).copy_(tensor)


def _in_memory_order(tensor: Tensor) -> Tensor:
    """A contiguous view of all numbers, in the order of memory."""
    if tensor.is_contiguous():
        return tensor
    axes_by_stride = sorted(range(tensor.ndim), key=lambda axis: tensor.stride(axis), reverse=True)
    return tensor.permute(axes_by_stride)
