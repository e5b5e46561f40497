"""SEAN's training step written down literally; `tessera bench training --published` measures the one in use by it.

The literal step is what the papers' text gives when it is written down in torch: a style map as wide as a style code,
convolved, and SPADE's convolutions at every pixel; torch's spectral norm; torch's Adam as it comes. Data, losses,
discriminator and style encoder are the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch.nn.utils.parametrizations import _SpectralNorm

from engine.data.batch import Batch
from engine.nn.blocks import one_hot
from engine.nn.label_places import LabelConditions
from engine.nn.spectral import SpectralNorm
from engine.systems.bench import LiteralTraining


@contextmanager
def trains_literally(task: Any) -> Iterator[None]:
    """Let a SEAN's task train literally while inside."""
    spectral_norms = [
        module for network in task.modules.values() for module in network.modules() if isinstance(module, SpectralNorm)
    ]
    parameter_groups = [group for optimizer in task.optimizers.values() for group in optimizer.param_groups]
    fused_before = [parameter_group["fused"] for parameter_group in parameter_groups]
    config = task.reconstruction.config
    task.reconstruction.config = replace(config, contracted=False)
    for parameter_group in parameter_groups:
        parameter_group["fused"] = None
    for spectral_norm in spectral_norms:
        # Found before the method of its class.
        spectral_norm.__dict__["forward"] = partial(_SpectralNorm.forward, spectral_norm)
    try:
        yield
    finally:
        task.reconstruction.config = config
        for parameter_group, fused in zip(parameter_groups, fused_before, strict=True):
            parameter_group["fused"] = fused
        for spectral_norm in spectral_norms:
            spectral_norm.__dict__.pop("forward", None)


def gradient_difference(task: Any, batch: Batch) -> tuple[float, str]:
    """The largest difference of label-conditioned layers' gradients, relative to the largest of the tensor, and where.

    Every layer by itself, literally and as it trains here, on a batch's label maps, the same random features, styles
    and gradient from above: through whole networks of this depth, a difference in the last digit grows to one in the
    third, between two literal runs in float32 and float64 too (tests/engine/nn/test_label_places.py compares whole
    steps in float64).
    """
    one_hot_maps = one_hot(batch.label_maps, task.model.labels).contiguous(memory_format=torch.channels_last)
    map_side, largest_difference, worst_tensor = one_hot_maps.shape[-1] // task.model.stride, 0.0, ""
    generator = torch.Generator().manual_seed(0)
    for block_index, block in enumerate(task.generator.resblks()):
        map_side <<= int(task.model.upsample_before[block_index])
        for layer in block.norms():
            shape = (len(one_hot_maps), layer.norm.num_features, map_side, map_side)
            features = torch.randn(shape, generator=generator).contiguous(memory_format=torch.channels_last)
            features.requires_grad_()
            code_shape = (len(one_hot_maps), task.model.labels, task.model.style_width)
            codes = torch.randn(code_shape, generator=generator).requires_grad_()
            layer_noise = torch.randn(len(one_hot_maps), 1, map_side, map_side, generator=generator)
            output_gradient = torch.randn(shape, generator=generator)
            parameters = list(layer.parameters())
            literal_gradients, fast_gradients = (
                torch.autograd.grad(
                    layer(features, LabelConditions(one_hot_maps, contracted), codes, layer_noise),
                    [features, *parameters],
                    output_gradient,
                    allow_unused=True,
                )
                for contracted in (False, True)
            )
            tensor_names = ["features", *(name for name, _ in layer.named_parameters())]
            for tensor_name, literal_gradient, fast_gradient in zip(
                tensor_names, literal_gradients, fast_gradients, strict=True
            ):
                if literal_gradient is not None and fast_gradient is not None:
                    largest_gradient = max(float(literal_gradient.abs().max()), 1e-12)
                    difference = float((literal_gradient - fast_gradient).abs().max()) / largest_gradient
                    if not difference <= largest_difference:  # nan too
                        largest_difference = difference
                        worst_tensor = f"block {block_index}, layer {layer.layer}, {tensor_name}"
    return largest_difference, worst_tensor


LITERAL_TRAINING = LiteralTraining(trains_literally, gradient_difference)
