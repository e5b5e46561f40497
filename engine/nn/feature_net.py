"""A frozen, folded classifier run layer by layer: features for perceptual losses and Frechet distances.

The network is a list of layers (JSON) beside its tensors (safetensors): convolution or depthwise convolution with
TensorFlow's SAME padding, ReLU6, additions and a global average pool. MobileNetV2 trained on ImageNet is the one
in use; see `engine.metrics.features` for where its files are looked for.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

PERCEPTUAL_LAYERS = ("conv00", "conv03", "conv06", "conv12", "conv24", "conv36")
"""Six expansions of MobileNetV2 at strides 2 to 16."""


class FeatureNet(nn.Module):
    """MobileNetV2 as a list of layers; parameters never take gradients.

    Args:
        layers: the layer list ({"op", "key", "depthwise", "stride", "relu6", "inp", "out", ...}).
        state: "KEY.weight" and "KEY.bias" of every convolution.
    """

    def __init__(self, layers: list[dict[str, Any]], state: dict[str, Tensor]) -> None:
        super().__init__()
        self.layers = layers
        for layer in layers:
            if layer["op"] == "conv":
                key = layer["key"]
                self.register_buffer(f"{key}_weight", state[f"{key}.weight"].float())
                self.register_buffer(f"{key}_bias", state[f"{key}.bias"].float())

    def forward(self, image: Tensor, wanted: tuple[str, ...]) -> list[Tensor]:
        """Activations after the convolutions named in `wanted` ("pool" is the pooled vector, (B, 1280)).

        image: (B, 3, H, W) RGB in [-1, 1]. Stops after the last one wanted.
        """
        activations: dict[int, Tensor] = {0: image}
        wanted_activations: dict[str, Tensor] = {}
        for layer in self.layers:
            activations[layer["out"]] = y = self._run(layer, activations)
            name = layer.get("key", "pool" if layer["op"] == "global_average_pool" else "")
            if name in wanted:
                wanted_activations[name] = y.flatten(1) if name == "pool" else y
            if len(wanted_activations) == len(wanted):
                break
        return [wanted_activations[name] for name in wanted]

    def _run(self, layer: dict[str, Any], activations: dict[int, Tensor]) -> Tensor:
        if layer["op"] == "add":
            return activations[layer["a"]] + activations[layer["b"]]
        x = activations[layer["inp"]]
        if layer["op"] == "global_average_pool":
            return x.mean((2, 3), keepdim=True)
        weight, bias = getattr(self, f"{layer['key']}_weight"), getattr(self, f"{layer['key']}_bias")
        stride, size = layer["stride"], weight.shape[-1]
        padding = 0
        if size > 1:  # SAME: a stride of 2 on an even side pads at the bottom and right only
            pads = [max((-(-side // stride) - 1) * stride + size - side, 0) for side in (x.shape[-1], x.shape[-2])]
            if all(p == size - 1 for p in pads):
                padding = size // 2
            else:
                x = F.pad(x, (pads[0] // 2, pads[0] - pads[0] // 2, pads[1] // 2, pads[1] - pads[1] // 2))
        groups = weight.shape[0] if layer["depthwise"] else 1
        y = F.conv2d(x, weight, bias, stride=stride, padding=padding, groups=groups)
        return F.relu6(y) if layer["relu6"] else y


def perceptual_loss(net: FeatureNet, fake: Tensor, real: Tensor) -> Tensor:
    """Mean over six layers of the L1 distance, each divided by the standard deviation of the real features.

    fake, real: (B, 3, H, W) in [-1, 1]. Gradients reach `fake` only. Returns a scalar.
    """
    with torch.no_grad():
        targets = net(real, PERCEPTUAL_LAYERS)
    total = fake.new_zeros((), dtype=torch.float32)
    for y, target in zip(net(fake, PERCEPTUAL_LAYERS), targets, strict=True):
        total = total + (y - target).abs().float().mean() / target.float().std()
    return total / len(PERCEPTUAL_LAYERS)
