"""When the window renders again, and when it only says why not."""

from __future__ import annotations

import numpy as np

from tests.app.fakes import FACES


def test_another_precision_renders_again(window, core, engine, qtbot):
    before = engine.renders
    core.document.change("precision", "bfloat16")
    assert not window.controllers.render.up_to_date
    qtbot.waitUntil(lambda: window.controllers.render.up_to_date)
    assert engine.renders == before + 1


def test_snapshots_of_another_precision_are_not_the_same(core):
    before = core.document.scene
    assert before.same_picture(core.document.scene)
    core.document.change("precision", "bfloat16")
    assert not before.same_picture(core.document.scene)


def test_missing_weights_are_told_once(window, core, qtbot):
    told = []
    core.hub.reported.connect(told.append)
    core.document.new(label_set=FACES, label_map=np.zeros((64, 64), np.uint8), weights="")
    qtbot.waitUntil(lambda: bool(told))
    for seed in range(1, 4):
        core.document.set_seed(seed)
        window.controllers.render._submit()
    assert len(told) == 1
