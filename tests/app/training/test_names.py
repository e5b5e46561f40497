"""What the engine calls losses and numbers has a name on the screen, in both languages."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from app.shell.i18n import install_language, translations
from app.studio.fields import duration_text
from app.texts.metric_names import metric_text, row_text
from app.texts.translate import translate
from engine.evaluation.table import rows
from engine.labels.label_sets import load_label_set
from engine.metrics.names import known_names

ROOT = Path(__file__).parents[3]
SHARED = {"adversarial", "reconstruction", "variational"}  # what the tasks of several systems stand on
# Keys of modules, of saved state, of optimisers and of settings.
NO_NUMBERS = {"finder", "generator", "parser", "ema", "updates", "alone_until", "lr"}
NO_NUMBERS |= {"params", "share"}
NO_NUMBERS |= {"over_scales", "discriminator_layers", "discriminator_last_stride"}


@pytest.fixture
def chinese(qapp):
    install_language("zh_CN")
    yield
    install_language("en")


def keys_of_tasks() -> set[str]:
    """The names that tasks give to losses and to what they measure: keys of their dicts."""
    found: set[str] = set()
    shared = [path for path in (ROOT / "engine" / "training").rglob("*.py") if path.stem in SHARED]
    for path in [*shared, *(ROOT / "engine" / "systems").glob("*/task.py")]:
        tree = ast.parse(path.read_text("utf-8"))
        facts = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == "facts"]
        of_the_run = {id(node) for function in facts for node in ast.walk(function)}  # not of a step
        for node in ast.walk(tree):
            if id(node) in of_the_run:
                continue
            keys = node.keys if isinstance(node, ast.Dict) else []
            if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
                keys = [node.slice]
            found |= {key.value for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str)}
    return found - NO_NUMBERS


def test_every_loss_and_every_validated_number_has_a_name():
    keys = keys_of_tasks()
    assert {"adversarial", "kl", "psnr", "score", "cross_entropy"} <= keys
    assert keys - known_names().keys() == set()


def test_every_line_of_the_shipped_cards_numbers_has_a_name():
    labels = {label.name for name in ("faces", "street", "facades") for label in load_label_set(name).labels}
    same = {"weights", "system", "data", "split"}  # headings and the form say these
    unnamed: set[str] = set()
    for path in (ROOT / "weights").glob("*/card.json"):
        for metrics in json.loads(path.read_text("utf-8")).get("metrics", {}).values():
            for name, _ in rows(metrics):
                unnamed |= {part for part in name.split(": ") if part not in known_names()}
    assert {name for name in unnamed - labels - same if name.islower() or "_" in name} == set()


def test_names_are_chinese_in_the_chinese_window(chinese):
    assert metric_text("feature_matching") == translations("zh_CN")["feature matching"]
    assert metric_text("psnr") == "PSNR" and metric_text("anything") == "anything"
    assert row_text("diversity: hair", {"hair": "头发"}) == f"{translations('zh_CN')['drawn styles']}: 头发"
    measured = {"classes": {"sea": {"pictures": 3, "nearest": "forest"}}}
    assert [translate(text) for _, text in rows(measured)] == ["图片 3，最接近 forest"]
    assert duration_text(7200) == translations("zh_CN")["{0} h {1} min"].format(2, 0)
