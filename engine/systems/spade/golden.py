"""Golden cases of SPADE: generator, image encoder, and the discriminator with its losses."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from engine.errors import NotSupported
from engine.golden.cases import GoldenCase
from engine.golden.kinds import Compute, Outputs, conditions, keep_blocks, published_network, require_agreement
from engine.nn.blocks import one_hot
from engine.systems.released_files import BLOCKS, UPSAMPLINGS
from engine.training.losses import Features, feature_matching, hinge_discriminator, hinge_generator


def _spade(case: GoldenCase, state: dict[str, Tensor], inputs: dict[str, Tensor]) -> Outputs:
    config = case.config
    depth = config.get("num_upsampling_layers", "normal")
    stride = 2 ** UPSAMPLINGS.get(depth, 0)
    network, published = published_network(
        case,
        "spade.generator",
        state,
        depth=depth,
        resolution=int(config.get("crop_size", 256)) // stride * stride,
        aspect_ratio=float(config.get("aspect_ratio", 1.0)),
        edges=bool(config.get("instance_edge")),
    )
    settings: Any = published.config
    channels = config.get("semantic_nc", config.get("label_nc"))
    if channels not in (settings.channels, settings.labels):  # some count the edges too
        raise NotSupported('"{0}" takes more than a label map; this version does not verify that.', case.name)
    require_agreement(case, ngf=settings.width)
    outputs: Outputs = {}
    keep_blocks(case, network, BLOCKS, outputs)
    hot = conditions(case, inputs["labels"], settings.labels, settings.edges)
    height, width = (side * stride for side in settings.start)
    z = inputs["z"] if settings.latent else None
    outputs["image"] = network(hot, z, size=(height, width))
    return outputs


def _spade_encoder(case: GoldenCase, state: dict[str, Tensor], inputs: dict[str, Tensor]) -> Outputs:
    network, published = published_network(case, "spade.encoder", state)
    require_agreement(case, ngf=published.config.width)
    mean, log_variance = network(inputs["image"])
    return {"mu": mean, "logvar": log_variance}


def _patch_discriminator(case: GoldenCase, state: dict[str, Tensor], inputs: dict[str, Tensor]) -> Outputs:
    """Logits of each scale, painted pictures before real ones, and the losses, each side of the hinge by itself."""
    config = case.config
    if config.get("norm", "spectralinstance") != "spectralinstance":
        raise NotSupported('The norm "{0}" of "{1}" is not supported.', config["norm"], case.name)
    known = {"last_stride": int(config["last_hidden_stride"])} if "last_hidden_stride" in config else {}
    network, published = published_network(case, "discriminator", state, **known)
    settings: Any = published.config
    labels = settings.in_channels - 3
    require_agreement(case, ndf=settings.width, n_layers=settings.layers, num_D=settings.scales, label_nc=labels)
    hot = one_hot(inputs["labels"], labels)
    features = network(torch.cat([hot, hot]), torch.cat([inputs["fake"], inputs["real"]]))
    fake: Features = [[part[: len(hot)] for part in scale] for scale in features]
    real: Features = [[part[len(hot) :] for part in scale] for scale in features]
    outputs = {f"d{n}_logits": scale[-1] for n, scale in enumerate(features)}
    surely_real = [[torch.ones(1)] for _ in features]  # beyond the hinge: adds exactly nothing to the loss
    surely_fake = [[-torch.ones(1)] for _ in features]
    outputs["loss_G_hinge"] = hinge_generator(fake)
    outputs["loss_D_fake"] = hinge_discriminator(surely_real, fake)
    outputs["loss_D_real"] = hinge_discriminator(real, surely_fake)
    outputs["loss_feature_matching"] = float(config.get("lambda_feat", 10.0)) * feature_matching(real, fake)
    return outputs


KINDS: dict[str, Compute] = {
    "spade": _spade,
    "spade_vae_encoder": _spade_encoder,
    "multiscale_patch_discriminator": _patch_discriminator,  # SEAN's too
}
