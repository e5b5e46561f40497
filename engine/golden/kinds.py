"""The kinds of golden cases: for each, the network of the case's published state dict and what it computes.

A state dict goes the way of an imported file (`engine.weights.published`): every key must be known, every
parameter filled.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from engine.errors import BadFile, NotSupported
from engine.golden.cases import GoldenCase
from engine.nn.blocks import one_hot
from engine.systems.registry import family
from engine.systems.sean.network import SEANGenerator
from engine.systems.smis.encoder import SMISEncoder
from engine.training.losses import Features, feature_matching, hinge_discriminator, hinge_generator
from engine.weights.published import Published, convert
from engine.weights.published_names import BLOCKS

Outputs = dict[str, Tensor]


def _build(case: GoldenCase, system: str, state: dict[str, Tensor], **known: Any) -> tuple[nn.Module, Published]:
    """The network of a published state dict, every parameter filled, ready to compute."""
    published = convert(state, f'The golden case "{case.name}"', **known)
    if published.system != system:
        raise BadFile('The tensors of "{0}" are those of {1}, not of {2}.', case.name, published.system, system)
    with torch.device("meta"):
        network = family(system).build(published.config)
    network.load_state_dict(published.state, assign=True)
    return network.eval(), published


def _agree(case: GoldenCase, **found: object) -> None:
    """Raise BadFile if the case's configuration says something else than its tensors."""
    for key, value in found.items():
        told = case.config.get(key, value)
        if told != value:
            raise BadFile('"{0}" says {1} {2}, its tensors say {3}.', case.name, key, told, value)


def _blocks_of(generator: nn.Module, outputs: Outputs) -> None:
    """Keep each residual block's result under its published name."""
    blocks = generator.get_submodule("blocks")
    for name, block in zip(BLOCKS, blocks.children()):
        block.register_forward_hook(lambda module, args, result, name=name: outputs.update({name: result}))


def _sean(case: GoldenCase, state: dict[str, Tensor], inputs: dict[str, Tensor]) -> Outputs:
    side = int(case.config.get("crop_size", 256)) // 32 * 32  # what the published code paints
    network, published = _build(case, "sean", state, resolution=side)
    assert isinstance(network, SEANGenerator)
    config = network.config
    _agree(
        case,
        ngf=config.channels[-1],
        label_nc=config.labels,
        style_dim=config.style_width,
        spade_hidden=config.spade_hidden,
    )
    outputs: Outputs = {}
    _blocks_of(network, outputs)
    hot = one_hot(inputs["labels"], config.labels)
    codes, _ = network.encode(inputs["image"], hot)
    outputs["style_codes"] = codes[:, 0]
    size = (round(side / 32 / float(case.config.get("aspect_ratio", 1.0))) * 32, side)
    outputs["image"] = network(hot, codes, size=size)
    contracted = network(hot, codes, contracted=True, size=size)
    outputs["image"] = _farther(case, outputs["image"], contracted)
    return outputs


def _farther(case: GoldenCase, literal: Tensor, contracted: Tensor) -> Tensor:
    """Both ways to compute a picture must hold: the one that differs more is compared."""
    expected = torch.from_numpy(case.expected["image"]) if "image" in case.expected else literal
    if expected.shape != literal.shape:
        return literal
    good = (contracted - expected).abs().max() <= (literal - expected).abs().max()  # False for nan
    return literal if good else contracted


def _spade(case: GoldenCase, state: dict[str, Tensor], inputs: dict[str, Tensor]) -> Outputs:
    config = case.config
    depth = config.get("num_upsampling_layers", "normal")
    stride = {"normal": 32, "more": 64, "most": 128}.get(depth, 1)
    network, published = _build(
        case,
        "spade",
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
    _agree(case, ngf=settings.width)
    outputs: Outputs = {}
    _blocks_of(network, outputs)
    hot = _conditions(case, inputs["labels"], settings.labels, settings.edges)
    height, width = (side * stride for side in settings.start)
    z = inputs["z"] if settings.latent else None
    outputs["image"] = network(hot, z, size=(height, width))
    return outputs


def _spade_encoder(case: GoldenCase, state: dict[str, Tensor], inputs: dict[str, Tensor]) -> Outputs:
    network, published = _build(case, "spade_encoder", state)
    _agree(case, ngf=published.config.width)  # type: ignore[union-attr]
    mean, log_variance = network(inputs["image"])
    return {"mu": mean, "logvar": log_variance}


def _smis(case: GoldenCase, state: dict[str, Tensor], inputs: dict[str, Tensor]) -> Outputs:
    config = case.config
    network, published = _build(
        case,
        "smis",
        state,
        depth=str(config.get("num_upsampling_layers", "more")),
        resolution=int(config.get("crop_size", 256)),
        aspect_ratio=float(config.get("aspect_ratio", 1.0)),
    )
    settings: Any = published.config
    _agree(case, ngf=settings.width, variant=settings.schedule)
    _agree_labels(case, settings.labels)
    hot = _conditions(case, inputs["labels"], settings.labels, settings.edges)
    outputs: Outputs = {}
    _blocks_of(network, outputs)
    size = tuple(side * settings.stride for side in settings.start)
    outputs["image"] = network(hot, inputs["z"].reshape(len(hot), *settings.latent_shape), size=size)
    return outputs


def _agree_labels(case: GoldenCase, labels: int) -> None:
    """The published options count labels without and with one for unlabelled pixels."""
    told = case.config.get("semantic_nc", case.config.get("label_nc", labels))
    if told != labels:
        raise BadFile('"{0}" says {1} labels, its tensors say {2}.', case.name, told, labels)


_EDGES = "labels != roll(labels, 1, x)"


def _conditions(case: GoldenCase, label_map: Tensor, labels: int, edges: bool) -> Tensor:
    """(N, labels or labels + 1, H, W): the one-hot label map and, where the network takes them, edges."""
    hot = one_hot(label_map, labels)
    if not edges:
        return hot
    told = case.config.get("instance_edge")
    if told != _EDGES:
        raise NotSupported('The edges of "{0}" are "{1}"; this version knows "{2}".', case.name, told, _EDGES)
    return torch.cat([hot, (label_map != label_map.roll(1, -1)).float().unsqueeze(1)], dim=1)


def _smis_encoder(case: GoldenCase, state: dict[str, Tensor], inputs: dict[str, Tensor]) -> Outputs:
    """Mean, log-variance, and every eighth pixel of what the encoder looks at."""
    width, aspect_ratio = (512, 2.0) if case.config.get("variant") == "cityscapes" else (256, 1.0)
    network, published = _build(case, "smis_encoder", state, resolution=width, aspect_ratio=aspect_ratio)
    assert isinstance(network, SMISEncoder)
    settings: Any = published.config
    _agree(case, norm_E="spectralinstance")
    _agree_labels(case, settings.labels)
    hot = one_hot(inputs["labels"], settings.labels)
    mean, log_variance = network(inputs["image"], hot)
    regions = network.regions(inputs["image"], hot)[:, :, ::8, ::8]
    return {"mu": mean, "logvar": log_variance, "regions": regions}


def _patch_discriminator(case: GoldenCase, state: dict[str, Tensor], inputs: dict[str, Tensor]) -> Outputs:
    """Logits of each scale, painted pictures before real ones, and the losses, each side of the hinge by itself."""
    config = case.config
    if config.get("norm", "spectralinstance") != "spectralinstance":
        raise NotSupported('The norm "{0}" of "{1}" is not supported.', config["norm"], case.name)
    known = {"last_stride": int(config["last_hidden_stride"])} if "last_hidden_stride" in config else {}
    network, published = _build(case, "patch_discriminator", state, **known)
    found: Any = published.config
    _agree(case, ndf=found.width, n_layers=found.layers, num_D=found.scales, label_nc=found.in_channels - 3)
    hot = one_hot(inputs["labels"], found.in_channels - 3)
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


KINDS: dict[str, Callable[[GoldenCase, dict[str, Tensor], dict[str, Tensor]], Outputs]] = {
    "sean": _sean,
    "multiscale_patch_discriminator": _patch_discriminator,
    "spade": _spade,
    "spade_vae_encoder": _spade_encoder,
    "smis": _smis,
    "smis_encoder": _smis_encoder,
}
