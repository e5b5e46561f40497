"""A system that trains on whatever data there is: how data of every kind come through a run is tested with it.

It learns to tell from the sums of an example (its picture, sentence, boxes) what its class is, or those sums again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.data.batch import Batch
from engine.systems.base import Abilities, Network, System
from engine.training.task import Export, Losses, plain_config

HERE = "tests.engine.systems.any_data"


@dataclass(frozen=True)
class ReaderConfig:
    """classes: how many there are, as the data say; sums: numbers that an example is told by."""

    classes: int = 1
    sums: int = 3


class Reader(nn.Module):
    """(B, sums) -> (B, sums + classes)."""

    def __init__(self, config: ReaderConfig) -> None:
        super().__init__()
        self.config = config
        self.layer = nn.Linear(config.sums, config.sums + config.classes)

    def forward(self, sums: Tensor) -> Tensor:
        return self.layer(sums)


@dataclass(frozen=True)
class ReaderTaskConfig:
    """rate: of the one network."""

    before: ClassVar[Mapping[str, Any]] = {}
    rate: float = 0.05


class ReaderTask:
    notes: tuple[str, ...] = ()

    def __init__(self, model: ReaderConfig, config: ReaderTaskConfig, steps: int, device: Any, dataset: Any) -> None:
        self.model, self.config = model, config
        self.reader = Reader(model)
        self.modules: dict[str, nn.Module] = {"reader": self.reader}
        self.optimizers: dict[str, Any] = {"reader": torch.optim.SGD(self.reader.parameters(), config.rate)}

    def facts(self) -> dict[str, Any]:
        return {"model": plain_config(self.model), "task": plain_config(self.config)}

    def losses(self, batch: Batch, step: int) -> Iterator[tuple[str, Losses]]:
        sums = sums_of(batch)
        read = self.reader(sums)
        losses = {"sums": F.mse_loss(read[:, : self.model.sums], sums)}
        if "classes" in batch:
            losses["classes"] = F.cross_entropy(read[:, self.model.sums :], batch.classes)
        yield "reader", losses

    def after_step(self, step: int) -> None: ...

    @torch.no_grad()
    def samples(self, batch: Batch) -> Tensor:
        return self.reader(sums_of(batch)).expand(3, -1, -1)

    @torch.no_grad()
    def validate(self, dataset: Any) -> dict[str, float]:
        sums = sums_of(dataset.batch(np.arange(len(dataset))))
        return {"score": -float(F.mse_loss(self.reader(sums)[:, : self.model.sums], sums))}

    def export(self) -> Export:
        return Export(asdict(self.model), self.reader.state_dict())

    def start_from(self, exported_state: dict[str, Tensor], kept_modules: Collection[str] = ()) -> list[str]:
        return []

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, task_state: dict[str, Any]) -> None: ...


def sums_of(batch: Batch) -> Tensor:
    """(B, 3): the mean of the picture, the length of the sentence in hundreds of letters, the corners of the boxes."""
    nothing = torch.zeros(len(batch))
    return torch.stack(
        [
            batch.pictures.mean((1, 2, 3)) if "pictures" in batch else nothing,
            torch.tensor([len(caption) / 100 for caption in batch.captions]) if "captions" in batch else nothing,
            torch.stack([boxes[:, :4].sum() for boxes in batch.boxes]) if "boxes" in batch else nothing,
        ],
        dim=1,
    )


def system_on(data_path: str) -> System:
    """The system that trains on that kind of data."""
    return System(
        id="reader",
        title="Reader",
        paper="nobody's",
        networks={
            "reader": Network(
                title="the reader",
                config=f"{HERE}:ReaderConfig",
                module=f"{HERE}:Reader",
                spectral=False,
            )
        },
        abilities=lambda card: Abilities(),
        requests=(),
        runtime="",
        data=data_path,
        task=f"{HERE}:ReaderTask",
        task_config=f"{HERE}:ReaderTaskConfig",
        examples="",
    )
