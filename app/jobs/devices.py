"""Which devices there are, for menus and forms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.jobs.preload import preload_torch
from app.jobs.work_lane import Work

if TYPE_CHECKING:
    from engine.devices import Device


def find_devices(work: Work) -> list[Device]:
    """The devices that can be trained and painted on. Call it in a worker: it imports torch."""
    preload_torch()
    from engine.devices import list_devices

    work.check()
    return list_devices()
