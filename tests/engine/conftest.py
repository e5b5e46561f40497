"""What all tests of the engine share."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _no_feature_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests come out alike whether or not the optional package of EfficientNet-Lite0 is installed."""
    monkeypatch.setattr("engine.metrics.efficientnet.PACKAGE", "tessera-tests-have-no-such-package")
