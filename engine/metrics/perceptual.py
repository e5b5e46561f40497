"""Which network the perceptual loss uses: one that a user put in place, or the encoder of a parser that ships."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from torch import Tensor, nn

from engine.errors import EngineError, WeightsError
from engine.metrics.efficientnet import EFFICIENTNET, load_efficientnet
from engine.metrics.features import MOBILENET, find_feature_net, install_folder, load_feature_net, search_path
from engine.nn.efficientnet_lite import fold_batch_norms
from engine.nn.feature_net import FeatureNet, perceptual_loss
from engine.nn.perceptual import Encoder, ParserLoss, VGGLoss
from engine.systems import abilities
from engine.systems.networks import network_of
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


class _FeatureNetLoss(nn.Module):
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
    if choice == "vgg19" or (choice == "auto" and _find_vgg_file() is not None):
        return _load_vgg()
    if choice == "mobilenet_v2" or (choice == "auto" and find_feature_net() is not None):
        return Perceptual(MOBILENET, _FeatureNetLoss(load_feature_net()))
    if choice == "efficientnet_lite0":
        network = load_efficientnet()
        fold_batch_norms(network)
        return Perceptual(EFFICIENTNET, ParserLoss(Encoder(network)))
    parser_network = _parser_encoder(label_count)
    if parser_network is None and choice == "parser":
        raise WeightsError(
            "There are no weights of a parser for the perceptual loss; train one first, or leave it out."
        )
    return parser_network


def _find_vgg_file() -> Any:
    return next((folder / VGG_FILE for folder in search_path() if (folder / VGG_FILE).is_file()), None)


def _load_vgg() -> Perceptual:
    vgg_file = _find_vgg_file()
    if vgg_file is None:
        raise WeightsError("The network VGG19 is missing; put {0} into {1}.", VGG_FILE, install_folder())
    try:
        return Perceptual("vgg19_imagenet", VGGLoss(read_tensors(vgg_file)))
    except (KeyError, ValueError) as error:
        raise WeightsError(
            "\"{0}\" does not hold VGG19 in torchvision's names ({1}); get it again.",
            vgg_file, error,
        ) from error


def _parser_encoder(label_count: int) -> Perceptual | None:
    parsers = [entry for entry in list_weights() if entry.card is not None and abilities(entry.card).parses]
    parsers.sort(key=lambda entry: (entry.card is None or entry.card.config.get("labels") != label_count, entry.name))
    for entry in parsers:
        try:
            parser = network_of(load_weights(entry.folder))
        except EngineError:
            continue  # a damaged one: the next
        if hasattr(parser, "features"):
            return Perceptual(f"{entry.name} (the encoder of a parser)", ParserLoss(Encoder(parser)))
    return None
