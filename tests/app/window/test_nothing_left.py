"""A window that goes leaves nothing behind that would still be told of what lives longer."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QMetaMethod, QObject
from PySide6.QtWidgets import QApplication

from app.dialogs.variations import VariationsDialog
from app.window.main_window import MainWindow


def listeners(root: QObject) -> dict[str, int]:
    """How many are told of each signal of an object and of what it owns."""
    counts = {}
    for owned in (root, *root.findChildren(QObject)):
        meta = owned.metaObject()
        for index in range(meta.methodCount()):
            method = meta.method(index)
            if method.methodType() == QMetaMethod.MethodType.Signal:
                signature = method.methodSignature().data().decode()
                counts[f"{meta.className()} {id(owned)} {signature}"] = owned.receivers(f"2{signature}")
    return counts


@pytest.mark.timeout(120)
def test_after_a_window_with_its_dialogs_and_the_studio_nobody_listens_any_more(core, qtbot):
    core.document.set_seed(1)
    before = listeners(core)
    window = MainWindow(core)
    window.show()
    qtbot.waitExposed(window)
    controllers = window.controllers
    controllers.weights.open()
    controllers.variety.variations()
    controllers.studio.open()
    qtbot.waitUntil(lambda: controllers.studio.is_open)
    controllers.studio.evaluate()
    assert any(isinstance(each, VariationsDialog) for each in QApplication.topLevelWidgets())
    controllers.studio.close_window()
    core.document.mark_saved()
    window.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert {signal: n for signal, n in listeners(core).items() if n > before.get(signal, 0)} == {}
