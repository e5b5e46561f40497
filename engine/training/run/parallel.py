"""One run on several devices and hosts: what processes exchange, all of it through lightning-fabric and torch.

A step's networks are called several times and in parts (encoder, generator, discriminator twice), which torch's
DistributedDataParallel does not allow; so gradients are averaged after each backward pass, by fabric, in a few large
pieces. Batch norm takes its statistics over all processes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import lightning_fabric
import torch
import torch.distributed
from torch import Tensor, nn

from engine.errors import Cancelled, TrainingError

PIECE = 16 << 20
"""Numbers that are exchanged at once (64 MiB in single precision)."""


def average_gradients(fabric: lightning_fabric.Fabric, optimizer: torch.optim.Optimizer) -> None:
    """Replace the gradients of an optimiser's parameters by their mean over all processes.

    A parameter that has a gradient in some processes only counts as zero in the others.
    """
    if fabric.world_size == 1:
        return
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    there = torch.tensor([float(p.grad is not None) for p in parameters], device=fabric.device)
    fabric.all_reduce(there, reduce_op="sum")
    for piece in _pieces(p for p, count in zip(parameters, there.tolist(), strict=True) if count):
        flat = torch.cat([(torch.zeros_like(p) if p.grad is None else p.grad).flatten().float() for p in piece])
        fabric.all_reduce(flat, reduce_op="mean")
        place = 0
        for parameter in piece:
            mean = flat[place : place + parameter.numel()].view_as(parameter).to(parameter.dtype)
            if parameter.grad is None:
                parameter.grad = mean.clone()
            else:
                parameter.grad.copy_(mean)
            place += parameter.numel()


def _pieces(parameters: Iterable[nn.Parameter]) -> Iterable[list[nn.Parameter]]:
    piece: list[nn.Parameter] = []
    size = 0
    for parameter in parameters:
        if piece and size + parameter.numel() > PIECE:
            yield piece
            piece, size = [], 0
        piece.append(parameter)
        size += parameter.numel()
    if piece:
        yield piece


def average_numbers(fabric: lightning_fabric.Fabric, values: dict[str, Tensor]) -> dict[str, Tensor]:
    """Named scalars averaged over all processes; what is no number anywhere is none everywhere."""
    if fabric.world_size == 1 or not values:
        return values
    flat = torch.stack([value.detach().float() for value in values.values()])
    fabric.all_reduce(flat, reduce_op="mean")
    return dict(zip(values, flat.unbind(), strict=True))


def any_process(fabric: lightning_fabric.Fabric, here: bool) -> bool:
    """Whether `here` is true in any process: all of them take the same decision."""
    if fabric.world_size == 1:
        return here
    flag = torch.tensor([float(here)], device=fabric.device)
    fabric.all_reduce(flag, reduce_op="sum")
    return bool(flag.item() > 0)


@contextmanager
def all_or_none(fabric: lightning_fabric.Fabric) -> Iterator[None]:
    """Work that only some processes do: where it fails in one, all stop, instead of waiting for that one for ever.

    Every process enters it. Raises what failed here, else TrainingError (or Cancelled) for what failed elsewhere.
    """
    try:
        yield
    except Exception as error:
        any_process(fabric, True)
        any_process(fabric, isinstance(error, Cancelled))
        raise
    if any_process(fabric, False):
        if any_process(fabric, False):
            raise Cancelled
        raise TrainingError("Another process of this run failed; see what it said.")


def synchronise_batch_norm(module: nn.Module, device: torch.device) -> None:
    """Let every batch norm in `module` take its statistics over all processes; names and parameters stay."""
    for name, child in module.named_children():
        if not isinstance(child, nn.modules.batchnorm._BatchNorm) or isinstance(child, nn.SyncBatchNorm):
            synchronise_batch_norm(child, device)
            continue
        kind = SyncBatchNormCPU if device.type == "cpu" else nn.SyncBatchNorm
        options = {"affine": child.affine, "track_running_stats": child.track_running_stats}
        twin = kind(child.num_features, child.eps, child.momentum, **options)
        twin.weight, twin.bias = child.weight, child.bias
        twin.running_mean, twin.running_var = child.running_mean, child.running_var
        twin.num_batches_tracked = child.num_batches_tracked
        twin.train(child.training)
        setattr(module, name, twin)


class _Sum(torch.autograd.Function):
    """torch's sum over all processes; its gradient is the sum of theirs."""

    @staticmethod
    def forward(context: Any, x: Tensor) -> Tensor:
        total = x.clone()
        torch.distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> Tensor:
        total = gradients[0].contiguous().clone()
        torch.distributed.all_reduce(total)
        return total


def _summed(x: Tensor) -> Tensor:
    total: Tensor = _Sum.apply(x)
    return total


class SyncBatchNormCPU(nn.BatchNorm2d):
    """torch's SyncBatchNorm needs a GPU; this one takes statistics over all processes on CPUs too.

    Every process must give as many values per channel as the others.
    """

    def forward(self, input: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W)."""
        if not self.training:
            return super().forward(input)
        x = input.float()
        axes = (0, 2, 3)
        world = torch.distributed.get_world_size()
        mean = _summed(x.mean(axes)) / world
        variance = _summed((x - mean[:, None, None]).pow(2).mean(axes)) / world
        if self.track_running_stats and self.running_mean is not None and self.running_var is not None:
            count = x.numel() // x.shape[1] * world
            weight = self.momentum if self.momentum is not None else 1 / (int(self.num_batches_tracked or 0) + 1)
            with torch.no_grad():
                self.running_mean.lerp_(mean, weight)
                self.running_var.lerp_(variance * count / max(1, count - 1), weight)
                if self.num_batches_tracked is not None:
                    self.num_batches_tracked.add_(1)
        scale = torch.rsqrt(variance + self.eps)
        if self.weight is not None:
            scale = scale * self.weight
        shift = -mean * scale if self.bias is None else self.bias - mean * scale
        return torch.addcmul(shift[:, None, None], x, scale[:, None, None]).to(input.dtype)
