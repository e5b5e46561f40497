"""Which network the perceptual loss uses: one that a user put in place, or installed weights that give features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn

from engine.errors import EngineError, WeightsError
from engine.metrics.efficientnet import EFFICIENTNET, load_efficientnet
from engine.metrics.features import MOBILENET, find_feature_net, load_feature_net
from engine.nn.efficientnet_lite import fold_batch_norms
from engine.nn.feature_net import FeatureNet, perceptual_loss
from engine.nn.perceptual import FeatureLoss, VGGLoss
from engine.systems import gives_features
from engine.weights.feature_networks import find_network_file, install_folder
from engine.weights.networks import feature_network_of
from engine.weights.store import list_weights, load_weights, read_tensors

Choice = Literal["auto", "parser", "mobilenet_v2", "efficientnet_lite0", "vgg19"]

VGG_FILE = "vgg19_imagenet.safetensors"
"""torchvision's VGG19 as safetensors ("features.0.weight", ...)."""


@dataclass(frozen=True)
class Perceptual:
    """`loss(fake, real)` -> scalar; `name` is what cards say; `notes` are for the user."""

    name: str
    loss: nn.Module
    notes: tuple[str, ...] = ()


class FeatureNetLoss(nn.Module):
    """`engine.nn.feature_net.perceptual_loss` by one network."""

    def __init__(self, feature_net: FeatureNet) -> None:
        super().__init__()
        self.net = feature_net

    def forward(self, painted: Tensor, real: Tensor) -> Tensor:
        return perceptual_loss(self.net, painted, real)


def find_perceptual(choice: Choice = "auto", label_count: int = 0) -> Perceptual | None:
    """The network for perceptual losses.

    "auto": VGG19 or MobileNetV2 where a user put one in place, else the encoder of a parser, one for `label_count`
    labels first; None where there is none. Raises WeightsError if the network that was asked for is not there.
    """
    if choice == "vgg19" or (choice == "auto" and find_network_file(VGG_FILE) is not None):
        return _load_vgg()
    if choice == "mobilenet_v2" or (choice == "auto" and find_feature_net() is not None):
        return Perceptual(MOBILENET, FeatureNetLoss(load_feature_net()))
    if choice == "efficientnet_lite0":
        network = load_efficientnet()
        fold_batch_norms(network)
        return Perceptual(EFFICIENTNET, FeatureLoss(network))
    installed_network = _installed_network(label_count)
    if installed_network is None and choice == "parser":
        raise WeightsError(
            "There are no weights of a parser for the perceptual loss; train one first, or leave it out."
        )
    return installed_network


def _load_vgg() -> Perceptual:
    vgg_file = find_network_file(VGG_FILE)
    if vgg_file is None:
        raise WeightsError("The network VGG19 is missing; put {0} into {1}.", VGG_FILE, install_folder())
    try:
        return Perceptual("vgg19_imagenet", VGGLoss(read_tensors(vgg_file)))
    except (KeyError, ValueError) as error:
        raise WeightsError(
            "\"{0}\" does not hold VGG19 in torchvision's names ({1}); get it again.",
            vgg_file, error,
        ) from error


def _installed_network(label_count: int) -> Perceptual | None:
    """The loss by weights whose network gives features, those for `label_count` labels first."""
    cards = {entry.folder: entry.card for entry in list_weights() if entry.card is not None}
    usable_cards = {folder: card for folder, card in cards.items() if gives_features(card)}
    for folder, card in sorted(
        usable_cards.items(), key=lambda item: (item[1].config.get("labels") != label_count, item[0].name)
    ):
        try:
            network = feature_network_of(load_weights(folder))
        except EngineError:
            continue  # a damaged one: the next
        return Perceptual(f"{folder.name} (the encoder of a {card.system})", FeatureLoss(network))
    return None
