"""Golden cases of SMIS: its generators, and the image encoder with the regions that it looks at."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from engine.errors import BadFile
from engine.golden.cases import GoldenCase
from engine.golden.kinds import Compute, Outputs, conditions, keep_blocks, published_network, require_agreement
from engine.nn.blocks import one_hot
from engine.systems.released_files import BLOCKS
from engine.systems.smis.encoder import SMISEncoder


def _smis(case: GoldenCase, state: dict[str, Tensor], inputs: dict[str, Tensor]) -> Outputs:
    config = case.config
    network, published = published_network(
        case,
        "smis.generator",
        state,
        depth=str(config.get("num_upsampling_layers", "more")),
        resolution=int(config.get("crop_size", 256)),
        aspect_ratio=float(config.get("aspect_ratio", 1.0)),
    )
    settings: Any = published.config
    require_agreement(case, ngf=settings.width, variant=settings.schedule)
    _require_labels(case, settings.labels)
    hot = conditions(case, inputs["labels"], settings.labels, settings.edges)
    outputs: Outputs = {}
    keep_blocks(case, network, BLOCKS, outputs)
    size = tuple(side * settings.stride for side in settings.start)
    outputs["image"] = network(hot, inputs["z"].reshape(len(hot), *settings.latent_shape), size=size)
    return outputs


def _require_labels(case: GoldenCase, labels: int) -> None:
    """The published options count labels without and with one for unlabelled pixels."""
    stated = case.config.get("semantic_nc", case.config.get("label_nc", labels))
    if stated != labels:
        raise BadFile('"{0}" says {1} labels, its tensors say {2}.', case.name, stated, labels)


def _smis_encoder(case: GoldenCase, state: dict[str, Tensor], inputs: dict[str, Tensor]) -> Outputs:
    """Mean, log-variance, and every eighth pixel of what the encoder looks at."""
    width, aspect_ratio = (512, 2.0) if case.config.get("variant") == "cityscapes" else (256, 1.0)
    network, published = published_network(case, "smis.encoder", state, resolution=width, aspect_ratio=aspect_ratio)
    assert isinstance(network, SMISEncoder)
    settings: Any = published.config
    require_agreement(case, norm_E="spectralinstance")
    _require_labels(case, settings.labels)
    hot = one_hot(inputs["labels"], settings.labels)
    mean, log_variance = network(inputs["image"], hot)
    regions = network.regions(inputs["image"], hot)[:, :, ::8, ::8]
    return {"mu": mean, "logvar": log_variance, "regions": regions}


KINDS: dict[str, Compute] = {"smis": _smis, "smis_encoder": _smis_encoder}
