"""Large imports do not stop the window to look for garbage."""

from __future__ import annotations

import gc

import pytest

from app.jobs import preload
from app.jobs.preload import large_import


@pytest.fixture(autouse=True)
def _as_before(monkeypatch):
    monkeypatch.setattr(preload, "_set_aside", [])
    yield
    gc.unfreeze()
    gc.enable()


@pytest.mark.parametrize("collecting", [True, False])
def test_the_collector_rests_during_an_import_and_passes_over_what_it_made(collecting):
    (gc.enable if collecting else gc.disable)()
    before = gc.get_freeze_count()
    with large_import():
        assert not gc.isenabled()
        made = [[n] for n in range(1000)]
    assert gc.isenabled() is collecting
    assert gc.get_freeze_count() >= before + len(made)


def test_garbage_of_a_later_import_can_still_be_collected():
    with large_import():
        pass
    frozen = gc.get_freeze_count()
    with large_import():
        ring: list[object] = []
        ring.append(ring)
        del ring
    assert gc.get_freeze_count() <= frozen  # no more of them; what is frozen may end meanwhile
    assert gc.collect() >= 1


def test_a_failing_import_leaves_the_collector_as_it_was():
    with pytest.raises(ImportError), large_import():
        raise ImportError
    assert gc.isenabled()
