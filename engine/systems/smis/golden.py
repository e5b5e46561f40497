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


def _smis_outputs(case: GoldenCase, published_state: dict[str, Tensor], case_inputs: dict[str, Tensor]) -> Outputs:
    config = case.config
    network, published = published_network(
        case,
        "smis.generator",
        published_state,
        depth=str(config.get("num_upsampling_layers", "more")),
        resolution=int(config.get("crop_size", 256)),
        aspect_ratio=float(config.get("aspect_ratio", 1.0)),
    )
    settings: Any = published.config
    require_agreement(case, ngf=settings.width, variant=settings.schedule)
    _require_labels(case, settings.labels)
    condition = conditions(case, case_inputs["labels"], settings.labels, settings.edges)
    outputs: Outputs = {}
    keep_blocks(case, network, BLOCKS, outputs)
    picture_size = tuple(first_side * settings.stride for first_side in settings.start)
    outputs["image"] = network(
        condition, case_inputs["z"].reshape(len(condition), *settings.latent_shape), size=picture_size
    )
    return outputs


def _require_labels(case: GoldenCase, label_count: int) -> None:
    """The published options count labels without and with one for unlabelled pixels."""
    stated_count = case.config.get("semantic_nc", case.config.get("label_nc", label_count))
    if stated_count != label_count:
        raise BadFile('"{0}" says {1} labels, its tensors say {2}.', case.name, stated_count, label_count)


def _smis_encoder(case: GoldenCase, published_state: dict[str, Tensor], case_inputs: dict[str, Tensor]) -> Outputs:
    """Mean, log-variance, and every eighth pixel of what the encoder looks at."""
    resolution, aspect_ratio = (512, 2.0) if case.config.get("variant") == "cityscapes" else (256, 1.0)
    network, published = published_network(
        case, "smis.encoder", published_state, resolution=resolution, aspect_ratio=aspect_ratio
    )
    assert isinstance(network, SMISEncoder)
    settings: Any = published.config
    require_agreement(case, norm_E="spectralinstance")
    _require_labels(case, settings.labels)
    one_hot_map = one_hot(case_inputs["labels"], settings.labels)
    mean, log_variance = network(case_inputs["image"], one_hot_map)
    regions = network.regions(case_inputs["image"], one_hot_map)[:, :, ::8, ::8]
    return {"mu": mean, "logvar": log_variance, "regions": regions}


KINDS: dict[str, Compute] = {"smis": _smis_outputs, "smis_encoder": _smis_encoder}
