"""Its training: two optimisers, a score of its own, and a sheet that draws waves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F

from engine.data.batch import Batch
from engine.training.task import Export, Losses, plain_config
from engine.weights.store import join_networks
from tests.engine.systems.made_up.networks import Hearer, Player


@dataclass(frozen=True)
class ToneTaskConfig:
    """rate: of both networks."""

    before: ClassVar[dict[str, Any]] = {}
    rate: float = 0.01


class ToneTask:
    notes: tuple[str, ...] = ()

    def __init__(self, model, config: ToneTaskConfig, steps: int, device, dataset) -> None:
        self.model, self.config, self.device = model, config, device
        self.player, self.hearer = Player(model["player"]).to(device), Hearer(model["hearer"]).to(device)
        self.modules = {"player": self.player, "hearer": self.hearer}
        self.optimizers = {
            name: torch.optim.Adam(module.parameters(), config.rate) for name, module in self.modules.items()
        }

    def facts(self) -> dict[str, Any]:
        return {"model": plain_config(self.model), "task": plain_config(self.config)}

    def losses(self, batch: Batch, step: int) -> Iterator[tuple[str, Losses]]:
        yield "player", {"wave": F.mse_loss(self.player(batch["pitches"]), batch["waves"])}
        yield "hearer", {"pitch": F.mse_loss(self.hearer(batch["waves"]), batch["pitches"])}

    def after_step(self, step: int) -> None:
        pass

    @torch.no_grad()
    def samples(self, batch: Batch) -> torch.Tensor:
        """Each wave a row of grey squares."""
        return self.player(batch["pitches"])[None].expand(3, -1, -1)

    @torch.no_grad()
    def validate(self, data) -> dict[str, float]:
        batch = data.batch(np.arange(len(data)))
        return {"score": -float(F.mse_loss(self.player(batch["pitches"]), batch["waves"]))}

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        pass

    def export(self) -> Export:
        states = {name: module.state_dict() for name, module in self.modules.items()}
        return Export({}, join_networks(states), {name: asdict(self.model[name]) for name in states})

    def start_from(self, state, kept=()) -> list[str]:
        return []
