"""What systems are called in the user interface."""

from __future__ import annotations

from app.shell.i18n import tr
from engine.requests.parse import ParseRequest
from engine.systems import find_system


def system_text(system_id: str) -> str:
    """A system's name for people; the id itself where this version does not know the system."""
    system = find_system(system_id)
    if system is None:
        return system_id
    title = tr(system.title)
    return tr("{0} (finds regions)").format(title) if system.serves(ParseRequest) else title
