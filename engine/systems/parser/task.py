"""The parser in training: cross-entropy with mild class weights, and a loss that follows IoU (soft Jaccard)."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.data.batch import Batch
from engine.data.dataset import DataSet
from engine.data.labelled import LabelledFolder
from engine.errors import Message
from engine.metrics.efficientnet import find_efficientnet, load_efficientnet, missing_network
from engine.metrics.segmentation import confusion, segmentation
from engine.nn.blocks import channels_last, one_hot
from engine.nn.efficientnet_lite import EfficientNetLite0
from engine.systems.parser.augment import ParserAugment, augment_pictures
from engine.systems.parser.lite import LiteParser, build_parser
from engine.systems.parser.network import Parser, ParserConfig
from engine.training.ema import EMA
from engine.training.phases import LOSSES, phase
from engine.training.rates import warmed_cosine
from engine.training.task import Export, Losses, plain_config


@dataclass(frozen=True)
class ParserTaskConfig(ParserAugment):
    """How a parser is trained, beside how its pictures are changed.

    lr, weight_decay: AdamW; the rate warms up over `warm_up` steps and falls along a cosine to zero.
    class_weight_power: cross-entropy weights are frequency ** -power, mean 1 (0: none).
    jaccard: weight of the soft Jaccard loss.
    ema: decay of the average.
    encoder_rate: share of `lr` that an encoder with ImageNet weights learns with.
    frozen: blocks of such an encoder, from the picture on, that stay as ImageNet made them: they see edges and colours
        (3 of 16, up to a quarter of the side, save a third of a step).
    """

    before: ClassVar[Mapping[str, Any]] = {}

    lr: float = 2e-3
    weight_decay: float = 1e-2
    warm_up: int = 100
    class_weight_power: float = 0.35
    jaccard: float = 1.0
    ema: float = 0.998
    encoder_rate: float = 0.3
    frozen: int = 0


def mean_of_chosen(values: Tensor, chosen: Tensor) -> Tensor:
    """The mean of those of the (L,) values where `chosen` (L,) is true."""
    return values[chosen].mean()


class ParserTask:
    """One network from pictures to label maps; no picture is painted, so it stands without `AdversarialTask`.

    `steps` is the whole run's length, which the learning rate follows. Of the training data it takes the labels'
    shares of the pixels, and which label stands for unlabelled pixels: no loss and no metric counts them.
    """

    def __init__(
        self,
        model: ParserConfig,
        config: ParserTaskConfig,
        steps: int,
        device: torch.device,
        dataset: LabelledFolder,
    ) -> None:
        self.model, self.config, self.steps, self.device = model, config, steps, device
        self.parser = build_parser(model).to(device)
        self.layout = torch.contiguous_format
        if self.parser.trains_channels_last:
            self.layout = torch.channels_last
            channels_last(self.parser, device)
        self.modules: dict[str, nn.Module] = {"parser": self.parser}
        self.notes: tuple[str, ...] = ()
        if self.parser.encoder is not None:
            self._start_encoder(self.parser.encoder)
        optimizer = torch.optim.AdamW(self._parameter_groups(), config.lr, weight_decay=config.weight_decay)
        self.optimizers: dict[str, torch.optim.Optimizer] = {"parser": optimizer}
        self.ema = EMA(self.parser, config.ema)
        self.ignore = dataset.label_set.ignore
        pixel_counts = torch.from_numpy(dataset.label_counts())[: model.labels]
        class_weights = (pixel_counts.float() / pixel_counts.sum()).clamp(min=1e-4) ** -config.class_weight_power
        self.class_weights = (class_weights / class_weights.mean()).to(device)

    def _start_encoder(self, encoder: EfficientNetLite0) -> None:
        """Start the encoder from EfficientNet-Lite0's weights where they are installed."""
        if find_efficientnet() is not None:
            encoder.load_state_dict(load_efficientnet().state_dict())
            return
        self.notes = (
            Message(
                "The parser's encoder starts from nothing and needs many more pictures. {0}", missing_network()
            ),
        )

    def _parameter_groups(self) -> list[dict[str, Any]]:
        """Parameters with the share of the rate that they learn with: a trained encoder moves less."""
        for module in self._frozen_modules():
            module.requires_grad_(False)
        if self.parser.encoder is None:
            return [{"params": list(self.parser.parameters()), "share": 1.0}]
        encoder_parameters = list(self.parser.encoder.parameters())
        encoder_ids = {id(parameter) for parameter in encoder_parameters}
        decoder_parameters = [parameter for parameter in self.parser.parameters() if id(parameter) not in encoder_ids]
        learning = [parameter for parameter in encoder_parameters if parameter.requires_grad]
        groups = [{"params": decoder_parameters, "share": 1.0}]
        return [*groups, {"params": learning, "share": self.config.encoder_rate}] if learning else groups

    def _frozen_modules(self) -> list[nn.Module]:
        """Modules of the encoder that learn nothing; in training they stay in evaluation mode."""
        encoder = self.parser.encoder
        if not self.config.frozen or encoder is None:
            return []
        return [encoder._conv_stem, encoder._bn0, *encoder._blocks[: self.config.frozen]]

    def facts(self) -> dict[str, Any]:
        """Its two configs."""
        return {"model": plain_config(self.model), "task": plain_config(self.config)}

    def losses(self, batch: Batch, step: int) -> Iterator[tuple[str, Losses]]:
        """One update."""
        config = self.config
        learning_rate = warmed_cosine(config.lr, step, self.steps, config.warm_up)
        for parameter_group in self.optimizers["parser"].param_groups:
            learning_share = parameter_group.get("share", 1.0)  # runs of earlier versions have no shares
            parameter_group["lr"] = learning_rate * learning_share
        self.parser.train()
        for module in self._frozen_modules():
            module.eval()
        with phase(LOSSES):
            image, label_map = augment_pictures(batch.pictures, batch.label_maps, config)
        logits = self.parser(image.contiguous(memory_format=self.layout)).float()  # (B, L, H, W)
        with phase(LOSSES):
            losses = self._losses(logits, self._known(label_map))
        yield "parser", losses

    def _losses(self, logits: Tensor, known_labels: Tensor) -> Losses:
        """Of logits (B, L, H, W) and labels (B, H, W), -100 where a pixel does not count."""
        losses = {"cross_entropy": F.cross_entropy(logits, known_labels, self.class_weights, ignore_index=-100)}
        if self.config.jaccard:
            one_hot_map = one_hot(known_labels, self.model.labels)
            probabilities = logits.softmax(1) * one_hot_map.sum(1, keepdim=True)
            intersection = (probabilities * one_hot_map).sum((0, 2, 3))  # (L,)
            union = (probabilities + one_hot_map).sum((0, 2, 3)) - intersection
            shown_labels = one_hot_map.sum((0, 2, 3)) > 0
            distances = 1 - (intersection + 1) / (union + 1)
            losses["jaccard"] = self.config.jaccard * mean_of_chosen(distances, shown_labels)
        return losses

    def _known(self, label_map: Tensor) -> Tensor:
        """The label map with -100 where a pixel does not count."""
        unknown = label_map >= self.model.labels
        if self.ignore is not None:
            unknown |= label_map == self.ignore
        return torch.where(unknown, -100, label_map)

    def after_step(self, step: int) -> None:
        """Take the new state into the average."""
        self.ema.update(self.parser)

    def averaged(self) -> Parser | LiteParser:
        """The averaged parser in evaluation mode."""
        averaged_parser = build_parser(self.model)
        averaged_parser.load_state_dict(self.ema.state)
        return channels_last(averaged_parser, self.device).eval()

    @torch.no_grad()
    def samples(self, batch: Batch) -> Tensor:
        """(3, 3 H, B W) in [-1, 1]: pictures, their label maps, and those that were found, in colours of the ids."""
        parsed_maps = self.averaged()(batch.pictures).argmax(1)
        hue_angles = torch.linspace(0, 2 * math.pi, self.model.labels + 1)[:-1]
        colour_table = torch.stack(
            [torch.cos(hue_angles), torch.cos(hue_angles * 3 - 2), torch.cos(hue_angles * 5 + 2)], 1
        ).to(self.device)
        # Ids beyond the labels are black: (256, 3).
        colour_table = torch.cat([colour_table, -torch.ones(256 - len(colour_table), 3, device=self.device)])
        coloured_maps = [colour_table[ids].permute(0, 3, 1, 2) for ids in (batch.label_maps, parsed_maps)]
        return torch.cat([torch.cat(list(row.float()), dim=-1) for row in (batch.pictures, *coloured_maps)], dim=-2)

    @torch.no_grad()
    def validate(self, dataset: DataSet) -> dict[str, float]:
        """mIoU (the score) and pixel accuracy."""
        parser, confusion_matrix = self.averaged(), torch.zeros(self.model.labels, self.model.labels, dtype=torch.long)
        for first_index in range(0, len(dataset), 10):
            batch = dataset.batch(np.arange(first_index, min(first_index + 10, len(dataset))))
            parsed_maps = parser(batch.pictures.to(self.device)).argmax(1).cpu()
            confusion_matrix += confusion(self._known(batch.label_maps), parsed_maps, self.model.labels)
        segmentation_scores = segmentation(confusion_matrix)
        return {
            "miou": segmentation_scores.mean_iou,
            "accuracy": segmentation_scores.accuracy,
            "score": segmentation_scores.mean_iou,
        }

    def export(self) -> Export:
        """The averaged parser."""
        return Export(
            asdict(self.model), {name: tensor.contiguous() for name, tensor in self.averaged().state_dict().items()}
        )

    def start_from(self, exported_state: dict[str, Tensor], kept_modules: Collection[str] = ()) -> list[str]:
        """Take over tensors of equal name and shape."""
        own_state = self.parser.state_dict()
        left_out = [
            name
            for name in own_state
            if name not in exported_state or exported_state[name].shape != own_state[name].shape
        ]
        for name in own_state.keys() - set(left_out):
            own_state[name].copy_(exported_state[name])
        self.ema = EMA(self.parser, self.config.ema)
        return left_out

    def state_dict(self) -> dict[str, Any]:
        """The average."""
        return self.ema.state_dict()

    def load_state_dict(self, task_state: dict[str, Any]) -> None:
        """Put the average back."""
        self.ema.load_state_dict(task_state)
