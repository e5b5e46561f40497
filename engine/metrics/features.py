"""Finding and loading the feature networks that perceptual losses, Frechet distances and Inception scores use."""

from __future__ import annotations

from pathlib import Path

import torch.nn.functional as F
from safetensors import SafetensorError
from torch import Tensor

from engine.errors import WeightsError
from engine.nn.feature_net import FeatureNet
from engine.nn.inception import SIDE as INCEPTION_SIDE
from engine.nn.inception import Inception
from engine.plain_data import read_json
from engine.weights.feature_networks import find_network_file, install_folder
from engine.weights.pth import read_pth
from engine.weights.store import read_tensors

MOBILENET = "mobilenet_v2_imagenet"
MOBILENET_SIDE = 224
"""Side of the pictures that the network was trained on; smaller ones give activations unlike those of its training."""
INCEPTION = "pt_inception-2015-12-05-6726825d.pth"
"""The network of published Frechet distances and Inception scores, as PyTorch's users know it."""


def find_feature_net() -> Path | None:
    """The .safetensors file of MobileNetV2, or None if it is not installed."""
    return find_network_file(f"{MOBILENET}.safetensors", f"{MOBILENET}.json")


def load_inception() -> Inception:
    """Load Inception-v3. Raises WeightsError that says where to put it if it is missing or broken, OutOfMemory."""
    weights_file = find_network_file(INCEPTION)
    if weights_file is None:
        raise WeightsError("The network Inception-v3 is not installed; put {0} into {1}.", INCEPTION, install_folder())
    network = Inception()
    try:
        unmatched = network.load_state_dict(read_pth(weights_file), strict=False)
    except (WeightsError, RuntimeError) as error:  # RuntimeError: other shapes
        raise WeightsError(
            '"{0}" cannot be read as Inception-v3; get it again.', weights_file, details=repr(error)
        ) from error
    missing_keys = [key for key in unmatched.missing_keys if not key.endswith("num_batches_tracked")]
    if missing_keys or unmatched.unexpected_keys:
        raise WeightsError(
            '"{0}" is another network than the Inception-v3 of 2015-12-05; get that one.',
            weights_file, details=f"missing: {missing_keys}; not known: {unmatched.unexpected_keys}",
        )
    return network.eval().requires_grad_(False)


def load_feature_net() -> FeatureNet:
    """Load MobileNetV2. Raises WeightsError that says where to put it if it is missing or broken."""
    network_file = find_feature_net()
    if network_file is None:
        raise WeightsError(
            "The feature network {0} is missing; put {1}.safetensors and {2}.json into {3}.",
            MOBILENET, MOBILENET, MOBILENET, install_folder(),
        )
    try:
        layers = read_json(network_file.with_suffix(".json"), limit=1 << 20)["layers"]
        return FeatureNet(layers, read_tensors(network_file)).eval().requires_grad_(False)
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        raise WeightsError(
            "{0} cannot be read as a feature network; copy it there again.",
            network_file, details=str(error),
        ) from error


def pooled_features(network: FeatureNet, pictures: Tensor) -> Tensor:
    """What Frechet distances compare: (B, 3, H, W) in [-1, 1] -> (B, 1280), pictures resized to 224 x 224 first.

    Numbers of weights of different resolutions can then be compared: between two sets of 100 real portraits the
    distance is 175 at 128 x 128 (681 without resizing, where the activations are like nothing the network was made
    for) and 133 at 256 x 256.
    """
    network_size = (MOBILENET_SIDE, MOBILENET_SIDE)
    pictures = F.interpolate(pictures.float(), size=network_size, mode="bilinear", align_corners=False, antialias=True)
    return network(pictures.clamp(-1, 1), ("pool",))[0].float()


def inception_features(network: Inception, pictures: Tensor) -> tuple[Tensor, Tensor]:
    """(B, 3, H, W) in [-1, 1] -> features (B, 2048), logits (B, 1008), pictures resized to 299 x 299 first."""
    network_size = (INCEPTION_SIDE, INCEPTION_SIDE)
    pictures = F.interpolate(pictures.float(), size=network_size, mode="bilinear", align_corners=False)
    features, logits = network(pictures.clamp(-1, 1))
    return features.float(), logits.float()
