"""Golden cases of SPADE: generator, image encoder, and the discriminator with its losses."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from engine.errors import NotSupported
from engine.golden.cases import GoldenCase
from engine.golden.kinds import Compute, Outputs, conditions, keep_blocks, published_network, require_agreement
from engine.nn.blocks import one_hot
from engine.systems.released_files import BLOCKS
from engine.systems.spade.system import UPSAMPLINGS
from engine.training.losses import Features, feature_matching, hinge_discriminator, hinge_generator


def _spade_outputs(case: GoldenCase, published_state: dict[str, Tensor], case_inputs: dict[str, Tensor]) -> Outputs:
    config = case.config
    depth = config.get("num_upsampling_layers", "normal")
    stride = 2 ** UPSAMPLINGS.get(depth, 0)
    network, published = published_network(
        case,
        "spade.generator",
        published_state,
        depth=depth,
        resolution=int(config.get("crop_size", 256)) // stride * stride,
        aspect_ratio=float(config.get("aspect_ratio", 1.0)),
        edges=bool(config.get("instance_edge")),
    )
    settings: Any = published.config
    stated_channels = config.get("semantic_nc", config.get("label_nc"))
    if stated_channels not in (settings.channels, settings.labels):  # some count the edges too
        raise NotSupported('"{0}" takes more than a label map; this version does not verify that.', case.name)
    require_agreement(case, ngf=settings.width)
    outputs: Outputs = {}
    keep_blocks(case, network, BLOCKS, outputs)
    condition = conditions(case, case_inputs["labels"], settings.labels, settings.edges)
    height, width = (first_side * stride for first_side in settings.start)
    style_vector = case_inputs["z"] if settings.latent else None
    outputs["image"] = network(condition, style_vector, size=(height, width))
    return outputs


def _spade_encoder(case: GoldenCase, published_state: dict[str, Tensor], case_inputs: dict[str, Tensor]) -> Outputs:
    network, published = published_network(case, "spade.encoder", published_state)
    require_agreement(case, ngf=published.config.width)
    mean, log_variance = network(case_inputs["image"])
    return {"mu": mean, "logvar": log_variance}


def _patch_discriminator(
    case: GoldenCase, published_state: dict[str, Tensor], case_inputs: dict[str, Tensor]
) -> Outputs:
    """Logits of each scale, painted pictures before real ones, and the losses, each side of the hinge by itself."""
    config = case.config
    if config.get("norm", "spectralinstance") != "spectralinstance":
        raise NotSupported('The norm "{0}" of "{1}" is not supported.', config["norm"], case.name)
    known_config = {"last_stride": int(config["last_hidden_stride"])} if "last_hidden_stride" in config else {}
    network, published = published_network(case, "discriminator", published_state, **known_config)
    settings: Any = published.config
    label_count = settings.in_channels - 3
    require_agreement(case, ndf=settings.width, n_layers=settings.layers, num_D=settings.scales, label_nc=label_count)
    one_hot_map = one_hot(case_inputs["labels"], label_count)
    all_features = network(torch.cat([one_hot_map, one_hot_map]), torch.cat([case_inputs["fake"], case_inputs["real"]]))
    fake_features: Features = [
        [layer_features[: len(one_hot_map)] for layer_features in scale_features] for scale_features in all_features
    ]
    real_features: Features = [
        [layer_features[len(one_hot_map) :] for layer_features in scale_features] for scale_features in all_features
    ]
    outputs = {f"d{scale_index}_logits": scale_features[-1] for scale_index, scale_features in enumerate(all_features)}
    surely_real = [[torch.ones(1)] for _ in all_features]  # beyond the hinge: adds exactly nothing to the loss
    surely_fake = [[-torch.ones(1)] for _ in all_features]
    outputs["loss_G_hinge"] = hinge_generator(fake_features)
    outputs["loss_D_fake"] = hinge_discriminator(surely_real, fake_features)
    outputs["loss_D_real"] = hinge_discriminator(real_features, surely_fake)
    outputs["loss_feature_matching"] = float(config.get("lambda_feat", 10.0)) * feature_matching(
        real_features, fake_features
    )
    return outputs


KINDS: dict[str, Compute] = {
    "spade": _spade_outputs,
    "spade_vae_encoder": _spade_encoder,
    "multiscale_patch_discriminator": _patch_discriminator,  # SEAN's too
}
