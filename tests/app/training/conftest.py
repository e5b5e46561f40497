"""The editor and its studio on the real engine, with tiny weights and drawn faces."""

from __future__ import annotations

import pytest

from app.core import Core
from app.shell.settings import Settings
from app.window.main_window import MainWindow
from engine.labels.label_sets import load_label_set
from tests.app.training.studios import PATIENCE
from tests.fixtures import face_label_map


@pytest.fixture
def core(qtbot, tmp_path, tiny_weights):
    """A core on the real engine with tiny weights."""
    made = Core(Settings(tmp_path / "settings.ini"))
    made.document.new(
        label_set=load_label_set("faces"), label_map=face_label_map(64), weights="tiny-sean", undoable=False
    )
    yield made
    made.shutdown()
    made.deleteLater()


@pytest.fixture
def window(qtbot, core):
    made = MainWindow(core)

    def end(_):
        core.document.mark_saved()
        core.training.shutdown()

    qtbot.addWidget(made, before_close_func=end)
    made.show()
    qtbot.waitExposed(made)
    made.controllers.render.start()
    made.controllers.studio.ask_stop = lambda: pytest.fail("asked about the training")
    yield made
    made.controllers.studio.close_window()


@pytest.fixture
def studio(qtbot, window, tiny_dataset):
    """The studio with its data chosen."""
    controller = window.controllers.studio
    controller.open(tiny_dataset)
    qtbot.waitUntil(lambda: controller.studio is not None, timeout=PATIENCE)
    qtbot.waitExposed(controller.studio)
    return controller.studio
