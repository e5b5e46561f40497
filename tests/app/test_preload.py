"""Large imports do not stop the window to look for garbage."""

from __future__ import annotations

import gc

import pytest

from app.jobs.preload import large_import


@pytest.fixture(autouse=True)
def _as_before():
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


def test_a_failing_import_leaves_the_collector_as_it_was():
    with pytest.raises(ImportError), large_import():
        raise ImportError
    assert gc.isenabled()
