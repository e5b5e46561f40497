"""Finding and loading the feature networks that perceptual losses, Frechet distances and Inception scores use."""

from __future__ import annotations

import json
import os
from pathlib import Path

import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from engine.errors import WeightsError
from engine.files import user_data_folder
from engine.nn.feature_net import FeatureNet
from engine.nn.inception import SIDE as INCEPTION_SIDE
from engine.nn.inception import Inception
from engine.weights.pth import read_pth

MOBILENET = "mobilenet_v2_imagenet"
MOBILENET_SIDE = 224
"""Side of the pictures that the network was trained on; smaller ones give activations it never gave there."""
INCEPTION = "pt_inception-2015-12-05-6726825d.pth"
"""The network of published Frechet distances and Inception scores, as PyTorch's users know it."""
ROOT = Path(__file__).resolve().parents[2]


def install_folder() -> Path:
    """Where a user puts feature networks."""
    return user_data_folder() / "nets"


def search_path() -> list[Path]:
    """Folders in which feature networks are looked for, first match wins.

    $TESSERA_NETS, the user's data folder, and `nets/` beside the program.
    """
    folders = [Path(p) for p in os.environ.get("TESSERA_NETS", "").split(os.pathsep) if p]
    return [*folders, install_folder(), ROOT / "nets"]


def find_feature_net(name: str = MOBILENET) -> Path | None:
    """The network's .safetensors file, or None if it is not installed."""
    for folder in search_path():
        if (folder / f"{name}.safetensors").is_file() and (folder / f"{name}.json").is_file():
            return folder / f"{name}.safetensors"
    return None


def load_inception() -> Inception:
    """Load Inception-v3. Raises WeightsError that says where to put it if it is missing or broken, OutOfMemory."""
    path = next((folder / INCEPTION for folder in search_path() if (folder / INCEPTION).is_file()), None)
    if path is None:
        raise WeightsError("The network Inception-v3 is not installed; put {0} into {1}.", INCEPTION, install_folder())
    network = Inception()
    try:
        left = network.load_state_dict(read_pth(path), strict=False)
    except (WeightsError, RuntimeError) as error:  # RuntimeError: other shapes
        raise WeightsError('"{0}" cannot be read as Inception-v3; get it again.', path, details=repr(error)) from error
    absent = [key for key in left.missing_keys if not key.endswith("num_batches_tracked")]
    if absent or left.unexpected_keys:
        raise WeightsError(
            '"{0}" is another network than the Inception-v3 of 2015-12-05; get that one.',
            path, details=f"missing: {absent}; not known: {left.unexpected_keys}",
        )
    return network.eval().requires_grad_(False)


def load_feature_net(name: str = MOBILENET) -> FeatureNet:
    """Load a feature network. Raises WeightsError that says where to put it if it is missing or broken."""
    path = find_feature_net(name)
    if path is None:
        raise WeightsError(
            "The feature network {0} is missing; put {1}.safetensors and {2}.json into {3}.",
            name, name, name, install_folder(),
        )
    try:
        layers = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))["layers"]
        return FeatureNet(layers, load_file(path)).eval().requires_grad_(False)
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        raise WeightsError(
            "{0} cannot be read as a feature network; copy it there again.",
            path, details=str(error),
        ) from error


def pooled_features(net: FeatureNet, image: Tensor) -> Tensor:
    """What Frechet distances compare: (B, 3, H, W) in [-1, 1] -> (B, 1280), pictures resized to 224 x 224 first.

    Numbers of weights of different resolutions can then be compared: between two sets of 100 real portraits the
    distance is 175 at 128 x 128 (681 without resizing, where the activations are like nothing the network was made
    for) and 133 at 256 x 256.
    """
    size = (MOBILENET_SIDE, MOBILENET_SIDE)
    image = F.interpolate(image.float(), size=size, mode="bilinear", align_corners=False, antialias=True)
    return net(image.clamp(-1, 1), ("pool",))[0].float()


def inception_features(net: Inception, image: Tensor) -> tuple[Tensor, Tensor]:
    """(B, 3, H, W) in [-1, 1] -> features (B, 2048), logits (B, 1008), pictures resized to 299 x 299 first."""
    size = (INCEPTION_SIDE, INCEPTION_SIDE)
    image = F.interpolate(image.float(), size=size, mode="bilinear", align_corners=False)
    features, logits = net(image.clamp(-1, 1))
    return features.float(), logits.float()
