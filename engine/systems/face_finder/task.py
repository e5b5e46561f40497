"""The finder in training: a focal loss of the heat map, and how far sides and points are off, in sides of the frame."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.data.batch import Batch
from engine.data.dataset import DataSet
from engine.data.decoded import as_pictures
from engine.nn.blocks import channels_last
from engine.pictures.face_frames import Face, frame_of
from engine.systems.face_finder.blending import Blending
from engine.systems.face_finder.data import BlendedFaces
from engine.systems.face_finder.finder import spotted_in
from engine.systems.face_finder.network import CELL, FinderConfig, FinderNetwork, Sightings, cell_centres
from engine.systems.face_finder.scoring import Tally, drawn_faces
from engine.training.ema import EMA
from engine.training.rates import warmed_cosine
from engine.training.task import Export, Losses, plain_config

SPREAD, LEAST_SPREAD = 0.06, 0.5
"""Standard deviation of a face's warmth, of its frame's side, and in cells at least."""
READ_FROM = 0.3
"""Warmth from which a cell tells a face's side and points."""
LEFT_OUT = 0.4
"""Radius around a face that does not count in which nothing is learnt, of its frame's side."""


@dataclass(frozen=True)
class FinderTaskConfig(Blending):
    """How a finder is trained, beside how its pictures are made.

    lr, weight_decay: AdamW; the rate warms up over `warm_up` steps and falls along a cosine to zero.
    points, sides: weights of the two losses beside the heat map's.
    ema: decay of the average.
    """

    before: ClassVar[Mapping[str, Any]] = {}

    lr: float = 2e-3
    weight_decay: float = 1e-2
    warm_up: int = 100
    points: float = 5.0
    sides: float = 0.5
    ema: float = 0.998


class Target(NamedTuple):
    """What the cells of one batch should say.

    warmth: (B, 1, h, w), 1 where a face's centre is, less around it. known: (B, 1, h, w), 0 where nothing is learnt.
    weight: (B, 1, h, w), how much what a cell says of its face counts. side: (B, 1, h, w) of its frame, in cells.
    points: (B, 6, h, w) places in cells.
    """

    warmth: Tensor
    known: Tensor
    weight: Tensor
    side: Tensor
    points: Tensor


class FinderTask:
    """See `engine.training.task.MakeTask`. `steps` is the whole run's length, which the learning rate follows."""

    def __init__(
        self, model: FinderConfig, config: FinderTaskConfig, steps: int, device: torch.device, dataset: BlendedFaces
    ) -> None:
        self.model, self.config, self.steps, self.device = model, config, steps, device
        dataset.use(config)
        self.finder = channels_last(FinderNetwork(model), device)
        self.modules: dict[str, nn.Module] = {"finder": self.finder}
        self.notes: tuple[str, ...] = ()
        optimizer = torch.optim.AdamW(self.finder.parameters(), config.lr, weight_decay=config.weight_decay)
        self.optimizers: dict[str, torch.optim.Optimizer] = {"finder": optimizer}
        self.ema = EMA(self.finder, config.ema)

    def facts(self) -> dict[str, Any]:
        """Its two configs."""
        return {"model": plain_config(self.model), "task": plain_config(self.config)}

    def losses(self, batch: Batch, step: int) -> Iterator[tuple[str, Losses]]:
        """One update."""
        learning_rate = warmed_cosine(self.config.lr, step, self.steps, self.config.warm_up)
        for parameter_group in self.optimizers["finder"].param_groups:
            parameter_group["lr"] = learning_rate
        self.finder.train()
        sightings = self.finder(batch.pictures.contiguous(memory_format=torch.channels_last))
        target = target_of(batch["faces"], *sightings.heat.shape[-2:])
        yield "finder", self._losses(sightings, Target(*(cells.to(self.device) for cells in target)))

    def _losses(self, sightings: Sightings, target: Target) -> Losses:
        weight = target.weight / target.weight.sum().clamp(min=1)
        told_sides = (sightings.log_side - target.side.log()).abs()
        off = (sightings.places() - target.points).abs().sum(1, keepdim=True) / target.side
        return {
            "heat": focal(sightings.heat, target.warmth, target.known),
            "sides": self.config.sides * (told_sides * weight).sum(),
            "points": self.config.points * (off * weight).sum(),
        }

    def after_step(self, step: int) -> None:
        """Take the new state into the average."""
        self.ema.update(self.finder)

    def averaged(self) -> FinderNetwork:
        """The averaged finder in evaluation mode."""
        averaged_finder = FinderNetwork(self.model)
        averaged_finder.load_state_dict(self.ema.state)
        return channels_last(averaged_finder, self.device).eval()

    @torch.no_grad()
    def samples(self, batch: Batch) -> Tensor:
        """(3, 2 H, B W) in [-1, 1]: pictures with the faces that were found, and the heat maps."""
        sightings = self.averaged()(batch.pictures)
        drawn = with_faces_drawn(batch.pictures, sightings)
        heat = sightings.heat.sigmoid().float() * 2 - 1
        heat = F.interpolate(heat, scale_factor=CELL).expand(-1, 3, -1, -1)
        return torch.cat([torch.cat(list(row), dim=-1) for row in (drawn.to(heat), heat)], dim=-2)

    @torch.no_grad()
    def validate(self, dataset: DataSet) -> dict[str, float]:
        """found (share of the faces that count), false_alarms (share of the pictures without faces), and their
        difference as the score."""
        assert isinstance(dataset, BlendedFaces)
        dataset.use(self.config)
        finder, tally = self.averaged(), Tally()
        for first in range(0, len(dataset), 10):
            batch = dataset.batch(np.arange(first, min(first + 10, len(dataset))))
            batch_faces: list[list[Face]] = spotted_in(finder(batch.pictures.to(self.device)))
            for faces, true_faces in zip(batch_faces, batch["faces"]):
                tally.add(faces, true_faces.numpy())
        return tally.numbers() | {"score": tally.found - tally.false_alarms}

    def export(self) -> Export:
        """The averaged finder."""
        return Export(
            asdict(self.model), {name: tensor.contiguous() for name, tensor in self.averaged().state_dict().items()}
        )

    def start_from(self, exported_state: dict[str, Tensor], kept_modules: Collection[str] = ()) -> list[str]:
        """Take over tensors of equal name and shape."""
        own_state = self.finder.state_dict()
        fitting = {
            name: tensor
            for name, tensor in exported_state.items()
            if name in own_state and tensor.shape == own_state[name].shape
        }
        self.finder.load_state_dict(own_state | fitting)
        self.ema = EMA(self.finder, self.config.ema)
        return sorted(own_state.keys() - fitting.keys())

    def state_dict(self) -> dict[str, Any]:
        """The average."""
        return self.ema.state_dict()

    def load_state_dict(self, task_state: dict[str, Any]) -> None:
        """Put the average back."""
        self.ema.load_state_dict(task_state)


def with_faces_drawn(pictures: Tensor, sightings: Sightings) -> Tensor:
    """Pictures (B, 3, H, W) in [-1, 1] with the faces that were found in them."""
    batch_faces = spotted_in(sightings)
    pixels = pictures.add(1).mul(127.5).round().byte().permute(0, 2, 3, 1).cpu().numpy()
    return as_pictures(np.stack([drawn_faces(*pair) for pair in zip(pixels, batch_faces)]))


def target_of(faces: list[Tensor], height: int, width: int) -> Target:
    """Of the faces of a batch, (N, 7) each, on a map of `height` x `width` cells."""
    return Target(*(torch.stack(parts) for parts in zip(*(_target(own, height, width) for own in faces))))


def _target(faces: Tensor, height: int, width: int) -> Target:
    """Of one picture; each cell tells of the face whose warmth is greatest there."""
    warmth = torch.zeros(1, height, width, device=faces.device)
    centres = cell_centres(warmth)
    known, side = torch.ones_like(warmth), torch.ones_like(warmth)
    points = torch.zeros(6, height, width, device=faces.device)
    for face in faces:
        places = face[:6] / CELL
        x, y, frame_side = frame_in_cells(places)
        away = ((centres[0] - x) ** 2 + (centres[1] - y) ** 2)[None]
        if not face[6]:
            known = torch.where(away < (LEFT_OUT * frame_side) ** 2, 0.0, known)
            continue
        own = torch.exp(-away / (2 * max(SPREAD * frame_side, LEAST_SPREAD) ** 2))
        own.view(-1)[own.argmax()] = 1.0
        warmer = own > warmth
        warmth, side = torch.where(warmer, own, warmth), torch.where(warmer, frame_side, side)
        points = torch.where(warmer, places.view(6, 1, 1), points)
    known = torch.where(warmth > READ_FROM, 1.0, known)
    return Target(warmth, known, torch.where(warmth > READ_FROM, warmth, 0.0), side, points)


def frame_in_cells(places: Tensor) -> tuple[float, float, float]:
    """x, y and side of the frame of (6,) places."""
    frame = frame_of(np.reshape(places.tolist(), (3, 2)))
    return frame.x, frame.y, frame.side


def focal(logits: Tensor, warmth: Tensor, known: Tensor) -> Tensor:
    """The focal loss of CornerNet (Law and Deng, ECCV 2018, equation 1), per face: cells near a face's centre count
    less as none."""
    logits = logits.float()
    heat = logits.sigmoid()
    is_centre = warmth == 1
    centre_loss = F.logsigmoid(logits) * (1 - heat) ** 2
    other_loss = F.logsigmoid(-logits) * heat**2 * (1 - warmth) ** 4
    return -(torch.where(is_centre, centre_loss, other_loss) * known).sum() / is_centre.sum().clamp(min=1)
