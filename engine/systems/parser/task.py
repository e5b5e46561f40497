"""The parser in training: cross-entropy with mild class weights, and a loss that follows IoU (soft Jaccard)."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.data.batch import Batch
from engine.data.dataset import DataSet
from engine.data.labelled import LabelledFolder
from engine.metrics.segmentation import confusion, segmentation
from engine.nn.blocks import channels_last, one_hot
from engine.systems.parser.network import Parser, ParserConfig
from engine.training.ema import EMA
from engine.training.task import Export, Losses


@dataclass(frozen=True)
class ParserTaskConfig:
    """How a parser is trained.

    lr, weight_decay: AdamW; the rate warms up over `warm_up` steps and falls along a cosine to zero.
    class_weight_power: cross-entropy weights are frequency ** -power, mean 1 (0: none).
    jaccard: weight of the soft Jaccard loss.
    ema: decay of the average.
    rotate (degrees), zoom (factor), move (fraction of the side): reach of the random affine change.
    colour: reach of the random brightness, contrast, saturation and tint changes.
    """

    lr: float = 2e-3
    weight_decay: float = 1e-2
    warm_up: int = 100
    class_weight_power: float = 0.35
    jaccard: float = 1.0
    ema: float = 0.998
    rotate: float = 15.0
    zoom: float = 1.35
    move: float = 0.12
    colour: float = 0.35


class ParserTask:
    """See the module.

    `steps` is the whole run's length, which the learning rate follows. Of the training data it takes the labels'
    shares of the pixels, and which label stands for pixels that nobody knows: no loss and no number counts them.
    """

    def __init__(
        self,
        model: ParserConfig,
        config: ParserTaskConfig,
        steps: int,
        device: torch.device,
        data: LabelledFolder,
    ) -> None:
        self.model, self.config, self.steps, self.device = model, config, steps, device
        # oneDNN of torch 2.13 writes past its memory on processors with AVX2 alone: 1 x 1 convolutions of stride 2,
        # backward, channels last, of channels that are no multiple of 8.
        whole = all(width % 8 == 0 for width in model.widths)
        self.layout = torch.channels_last if whole else torch.contiguous_format
        self.parser = Parser(model).to(device)
        if whole:
            channels_last(self.parser, device)
        self.modules: dict[str, nn.Module] = {"parser": self.parser}
        optimizer = torch.optim.AdamW(self.parser.parameters(), config.lr, weight_decay=config.weight_decay)
        self.optimizers: dict[str, torch.optim.Optimizer] = {"parser": optimizer}
        self.ema = EMA(self.parser, config.ema)
        self.notes: tuple[str, ...] = ()
        self.ignore = data.label_set.ignore
        counts = torch.from_numpy(data.label_counts())[: model.labels]
        weights = (counts.float() / counts.sum()).clamp(min=1e-4) ** -config.class_weight_power
        self.class_weights = (weights / weights.mean()).to(device)

    def losses(self, batch: Batch, step: int) -> Iterator[tuple[str, Losses]]:
        """One update."""
        config = self.config
        warm = min(1.0, (step + 1) / config.warm_up)
        rate = config.lr * warm * 0.5 * (1 + math.cos(math.pi * step / self.steps))
        for group in self.optimizers["parser"].param_groups:
            group["lr"] = max(rate, 1e-6)
        self.parser.train()
        image, label_map = self._augment(batch)
        logits = self.parser(image.contiguous(memory_format=self.layout)).float()
        known = self._known(label_map)
        losses = {"cross_entropy": F.cross_entropy(logits, known, self.class_weights, ignore_index=-100)}
        if config.jaccard:
            hot = one_hot(known, self.model.labels)
            shares = logits.softmax(1) * hot.sum(1, keepdim=True)
            both = (shares * hot).sum((0, 2, 3))
            union = (shares + hot).sum((0, 2, 3)) - both
            shown = hot.sum((0, 2, 3)) > 0
            losses["jaccard"] = config.jaccard * (1 - (both + 1) / (union + 1))[shown].mean()
        yield "parser", losses

    def _known(self, label_map: Tensor) -> Tensor:
        """The label map with -100 where a pixel does not count."""
        unknown = label_map >= self.model.labels
        if self.ignore is not None:
            unknown |= label_map == self.ignore
        return torch.where(unknown, -100, label_map)

    def _augment(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Rotate, zoom and move picture and label map alike; change the picture's colours and sharpness."""
        config, count = self.config, len(batch)
        angle = (torch.rand(count) * 2 - 1) * math.radians(config.rotate)
        zoom = config.zoom ** (torch.rand(count) * 2 - 1)
        move = (torch.rand(count, 2) * 2 - 1) * config.move * 2
        cos, sin = torch.cos(angle) / zoom, torch.sin(angle) / zoom
        theta = torch.stack([torch.stack([cos, -sin, move[:, 0]], 1), torch.stack([sin, cos, move[:, 1]], 1)], 1)
        grid = F.affine_grid(theta.to(self.device), list(batch.pictures.shape), align_corners=False)
        image = F.grid_sample(batch.pictures, grid, padding_mode="reflection", align_corners=False)
        label_map = F.grid_sample(
            batch.label_maps.unsqueeze(1).float(),
            grid,
            mode="nearest",
            padding_mode="reflection",
            align_corners=False,
        )
        reach = config.colour

        def around(spread: float, channels: int = 1) -> Tensor:
            return (torch.rand(count, channels, 1, 1, device=self.device) * 2 - 1) * spread

        image = (image + 1) * (1 + around(reach)) * (1 + around(reach / 3, 3)) - 1
        grey = image.mean(1, keepdim=True)
        image = grey + (image - grey) * (1 + around(1.5 * reach))
        mean = image.mean((1, 2, 3), keepdim=True)
        image = mean + (image - mean) * (1 + around(reach))
        soft = F.avg_pool2d(F.pad(image, (1, 1, 1, 1), mode="reflect"), 3, 1)
        image = torch.lerp(image, soft, (torch.rand(count, 1, 1, 1, device=self.device) * 2 - 0.8).clamp(0, 1))
        return image.clamp(-1, 1), label_map.squeeze(1).long()

    def after_step(self, step: int) -> None:
        """Take the new state into the average."""
        self.ema.update(self.parser)

    def averaged(self) -> Parser:
        """The averaged parser in evaluation mode."""
        copy = Parser(self.model)
        copy.load_state_dict(self.ema.state)
        return channels_last(copy, self.device).eval()

    @torch.no_grad()
    def samples(self, batch: Batch) -> Tensor:
        """Rows: picture, true label map, label map that was found (grey levels of a hue wheel)."""
        parsed = self.averaged()(batch.pictures).argmax(1)
        wheel = torch.linspace(0, 2 * math.pi, self.model.labels + 1)[:-1]
        table = torch.stack([torch.cos(wheel), torch.cos(wheel * 3 - 2), torch.cos(wheel * 5 + 2)], 1).to(self.device)
        table = torch.cat([table, -torch.ones(256 - len(table), 3, device=self.device)])
        maps = [table[m].permute(0, 3, 1, 2) for m in (batch.label_maps, parsed)]
        return torch.cat([torch.cat(list(x.float()), dim=-1) for x in (batch.pictures, *maps)], dim=-2)

    @torch.no_grad()
    def validate(self, data: DataSet) -> dict[str, float]:
        """mIoU (the score) and pixel accuracy."""
        parser, counts = self.averaged(), torch.zeros(self.model.labels, self.model.labels, dtype=torch.long)
        for start in range(0, len(data), 10):
            batch = data.batch(np.arange(start, min(start + 10, len(data))))
            parsed = parser(batch.pictures.to(self.device)).argmax(1).cpu()
            counts += confusion(self._known(batch.label_maps), parsed, self.model.labels)
        result = segmentation(counts)
        return {"miou": result.mean_iou, "accuracy": result.accuracy, "score": result.mean_iou}

    def export(self) -> Export:
        """The averaged parser."""
        return Export(asdict(self.model), {k: v.contiguous() for k, v in self.averaged().state_dict().items()})

    def start_from(self, state: dict[str, Tensor], kept: Collection[str] = ()) -> list[str]:
        """Take over tensors of equal name and shape."""
        own = self.parser.state_dict()
        left = [k for k in own if k not in state or state[k].shape != own[k].shape]
        for key in own.keys() - set(left):
            own[key].copy_(state[key])
        self.ema = EMA(self.parser, self.config.ema)
        return left

    def state_dict(self) -> dict[str, Any]:
        """The average."""
        return self.ema.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Put the average back."""
        self.ema.load_state_dict(state)
