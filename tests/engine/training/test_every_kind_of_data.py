"""Data of every kind come through a whole run: trained on, interrupted, resumed and published."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

import engine.systems
from engine.data.kinds import KINDS
from engine.training.publish import publish
from engine.training.recipe import Recipe
from engine.weights.networks import network_of
from engine.weights.store import load_weights
from tests.engine.data.test_kinds import WRITERS
from tests.engine.systems.any_data import Reader, system_on
from tests.engine.training.tiny import changed, checkpoint, differences, start

RECIPE = Recipe(
    system="reader",
    resolution=8,
    batch=2,
    steps=5,
    log_every=1,
    sample_every=5,
    validate_every=5,
    checkpoint_every=5,
)
PATHS = {
    "pairs": "LABELLED",
    "classes": "CLASSES",
    "captions": "CAPTIONED",
    "layouts": "LAYOUT_FILE",
    "pictures": "PICTURES",
}
"""What `engine.data.kinds` calls them."""


@pytest.mark.parametrize(("kind", "write"), WRITERS, ids=[kind.id for kind, _ in WRITERS])
def test_a_run_on_every_kind_of_data_learns_resumes_and_is_published(
    kind: Any, write: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_system = system_on(f"engine.data.kinds:{PATHS[kind.id]}")
    monkeypatch.setattr("engine.systems.SYSTEMS", (*engine.systems.SYSTEMS, own_system))
    folder = write(tmp_path / "data")
    start(RECIPE, folder, tmp_path / "whole").run()
    start(changed(RECIPE, steps=2), folder, tmp_path / "cut").run()
    start(RECIPE, folder, tmp_path / "cut", resume=True).run()
    assert differences(checkpoint(tmp_path / "whole"), checkpoint(tmp_path / "cut")) == []

    lines = [json.loads(line) for line in (tmp_path / "whole" / "stats.jsonl").read_text("utf-8").splitlines()]
    losses = [line["losses"] for line in lines if line["event"] == "step"]
    assert len(losses) == 5 and ("classes" in losses[0]) == ("classes" in kind.fields)
    assert len(list((tmp_path / "whole" / "samples").iterdir())) == 1

    publish(tmp_path / "whole", "mine", destination=tmp_path / "shelf")
    weights = load_weights(tmp_path / "shelf" / "mine")
    assert weights.card.system == "reader" and weights.card.steps == 5
    assert ("train" in weights.card.metrics) == (kind.id == "pairs")  # whose labels have shares
    reader = network_of(weights)
    record = json.loads((tmp_path / "whole" / "config.json").read_text("utf-8"))
    assert isinstance(reader, Reader) and reader.config.classes == len(record.get("classes", "1"))
    trained = torch.load(tmp_path / "whole" / "checkpoints" / "last.pt", weights_only=True)["modules"]["reader"]
    torch.testing.assert_close(reader.layer.weight.detach(), trained["layer.weight"], rtol=1e-2, atol=1e-3)


def test_no_kind_is_left_out() -> None:
    assert PATHS.keys() == {kind.id for kind in KINDS}
