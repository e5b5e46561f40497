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
    parameters = [parameter for param_group in optimizer.param_groups for parameter in param_group["params"]]
    holder_counts = torch.tensor([float(parameter.grad is not None) for parameter in parameters], device=fabric.device)
    fabric.all_reduce(holder_counts, reduce_op="sum")
    with_gradient = (parameter for parameter, count in zip(parameters, holder_counts.tolist(), strict=True) if count)
    for piece in _pieces(with_gradient):
        flat_gradients = torch.cat([_gradient_or_zeros(parameter).flatten().float() for parameter in piece])
        fabric.all_reduce(flat_gradients, reduce_op="mean")
        offset = 0
        for parameter in piece:
            mean_gradient = flat_gradients[offset : offset + parameter.numel()].view_as(parameter).to(parameter.dtype)
            if parameter.grad is None:
                parameter.grad = mean_gradient.clone()
            else:
                parameter.grad.copy_(mean_gradient)
            offset += parameter.numel()


def _gradient_or_zeros(parameter: nn.Parameter) -> Tensor:
    return torch.zeros_like(parameter) if parameter.grad is None else parameter.grad


def _pieces(parameters: Iterable[nn.Parameter]) -> Iterable[list[nn.Parameter]]:
    piece: list[nn.Parameter] = []
    piece_size = 0
    for parameter in parameters:
        if piece and piece_size + parameter.numel() > PIECE:
            yield piece
            piece, piece_size = [], 0
        piece.append(parameter)
        piece_size += parameter.numel()
    if piece:
        yield piece


def average_numbers(fabric: lightning_fabric.Fabric, scalars: dict[str, Tensor]) -> dict[str, Tensor]:
    """Named scalars averaged over all processes; what is no number anywhere is none everywhere."""
    if fabric.world_size == 1 or not scalars:
        return scalars
    flat_scalars = torch.stack([scalar.detach().float() for scalar in scalars.values()])
    fabric.all_reduce(flat_scalars, reduce_op="mean")
    return dict(zip(scalars, flat_scalars.unbind(), strict=True))


def any_process(fabric: lightning_fabric.Fabric, local_flag: bool) -> bool:
    """Whether `local_flag` is true in any process: all of them take the same decision."""
    if fabric.world_size == 1:
        return local_flag
    flag_sum = torch.tensor([float(local_flag)], device=fabric.device)
    fabric.all_reduce(flag_sum, reduce_op="sum")
    return bool(flag_sum.item() > 0)


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
    for child_name, child in module.named_children():
        if not isinstance(child, nn.modules.batchnorm._BatchNorm) or isinstance(child, nn.SyncBatchNorm):
            synchronise_batch_norm(child, device)
            continue
        norm_class = SyncBatchNormCPU if device.type == "cpu" else nn.SyncBatchNorm
        options = {"affine": child.affine, "track_running_stats": child.track_running_stats}
        synchronised = norm_class(child.num_features, child.eps, child.momentum, **options)
        synchronised.weight, synchronised.bias = child.weight, child.bias
        synchronised.running_mean, synchronised.running_var = child.running_mean, child.running_var
        synchronised.num_batches_tracked = child.num_batches_tracked
        synchronised.train(child.training)
        setattr(module, child_name, synchronised)


class _SumOverProcesses(torch.autograd.Function):
    """torch's sum over all processes; its gradient is the sum of theirs."""

    @staticmethod
    def forward(context: Any, tensor: Tensor) -> Tensor:
        process_sum = tensor.clone()
        torch.distributed.all_reduce(process_sum)
        return process_sum

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> Tensor:
        process_sum = gradients[0].contiguous().clone()
        torch.distributed.all_reduce(process_sum)
        return process_sum


def _summed_over_processes(tensor: Tensor) -> Tensor:
    process_sum: Tensor = _SumOverProcesses.apply(tensor)
    return process_sum


class SyncBatchNormCPU(nn.BatchNorm2d):
    """torch's SyncBatchNorm needs a GPU; this one takes statistics over all processes on CPUs too.

    Every process must give as many values per channel as the others.
    """

    def forward(self, input: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W)."""
        if not self.training:
            return super().forward(input)
        features = input.float()
        batch_axes = (0, 2, 3)
        process_count = torch.distributed.get_world_size()
        mean = _summed_over_processes(features.mean(batch_axes)) / process_count
        variance = _summed_over_processes((features - mean[:, None, None]).pow(2).mean(batch_axes)) / process_count
        if self.track_running_stats and self.running_mean is not None and self.running_var is not None:
            value_count = features.numel() // features.shape[1] * process_count
            update_weight = self.momentum if self.momentum is not None else 1 / (int(self.num_batches_tracked or 0) + 1)
            with torch.no_grad():
                self.running_mean.lerp_(mean, update_weight)
                self.running_var.lerp_(variance * value_count / max(1, value_count - 1), update_weight)
                if self.num_batches_tracked is not None:
                    self.num_batches_tracked.add_(1)
        scale = torch.rsqrt(variance + self.eps)
        if self.weight is not None:
            scale = scale * self.weight
        shift = -mean * scale if self.bias is None else self.bias - mean * scale
        return torch.addcmul(shift[:, None, None], features, scale[:, None, None]).to(input.dtype)
