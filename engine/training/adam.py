"""torch's Adam, in one pass over the weights on a CPU too.

torch's own `fused=True` takes channels-last weights for plain ones there: it copies gradients to and fro, and where a
gradient has another layout than its weight it pairs the wrong numbers without a word (torch 2.13). Here every tensor is
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
        rate, betas: see `torch.optim.Adam`.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], rate: float, betas: tuple[float, float]) -> None:
        parameters = list(parameters)
        fused = all(parameter.device.type in ("cpu", "cuda") for parameter in parameters)
        super().__init__(parameters, rate, betas, fused=fused or None)

        def keep(_: torch.optim.Optimizer, state: dict[str, Any]) -> dict[str, Any]:
            groups = [{**saved, "fused": fused or None} for saved in state["param_groups"]]
            return {**state, "param_groups": groups}

        self.register_load_state_dict_pre_hook(keep)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """One update."""
        if closure is not None or not all(group["fused"] for group in self.param_groups):
            return super().step(closure)
        for group in self.param_groups:
            lists: list[list[Tensor]] = [[], [], [], [], [], []]
            self._init_group(group, *lists)
            parameters, grads, averages, squares, _, steps = lists
            for parameter in parameters:
                state = self.state[parameter]
                for name in ("exp_avg", "exp_avg_sq"):
                    state[name] = _like(state[name], parameter)
            adam(
                [_in_order(p) for p in parameters],
                [_in_order(_like(g, p)) for g, p in zip(grads, parameters, strict=True)],
                [_in_order(self.state[p]["exp_avg"]) for p in parameters],
                [_in_order(self.state[p]["exp_avg_sq"]) for p in parameters],
                [],
                steps,
                fused=True,
                grad_scale=getattr(self, "grad_scale", None),
                found_inf=getattr(self, "found_inf", None),
                amsgrad=False,
                beta1=group["betas"][0],
                beta2=group["betas"][1],
                lr=group["lr"],
                weight_decay=group["weight_decay"],
                eps=group["eps"],
                maximize=False,
            )
        return None


def _like(x: Tensor, parameter: Tensor) -> Tensor:
    """x in the layout of its parameter."""
    return x if x.stride() == parameter.stride() else torch.empty_like(parameter).copy_(x)


def _in_order(x: Tensor) -> Tensor:
    """A contiguous view of all numbers, in the order of memory."""
    if x.is_contiguous():
        return x
    order = sorted(range(x.ndim), key=lambda n: x.stride(n), reverse=True)
    return x.permute(order)
