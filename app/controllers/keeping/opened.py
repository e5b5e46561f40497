"""What a document that was opened takes over from its file beside its scene, and what the user is told of it."""

from __future__ import annotations

from pathlib import Path

from app.controllers.context import Context
from app.document.opening import Found
from app.document.saved.document_file import damage_sentence
from app.errors_ui.hub import OPEN
from app.shell.i18n import tr


def holding_file(opened_file: Found) -> Path | None:
    """The file that holds the document from now on, so that saving writes it."""
    saved = opened_file.saved
    if opened_file.is_copy or (saved is not None and saved.damage):
        return None
    if opened_file.leftover is None or saved is None:
        return opened_file.path
    path = Path(saved.manifest.path)
    return path if saved.manifest.path and path.is_file() else None


def take_over(context: Context, opened_file: Found, path: Path | None, *, is_saved: bool = True) -> None:
    """Take pictures and steps over; the document counts as saved, unless it was brought back, or is not. ``path``: of
    its file."""
    document, saved, hub = context.core.document, opened_file.saved, context.core.hub
    if saved is not None:
        document.kept.bring_back(saved.results)
        document.timeline.take_over(saved.history)
    if is_saved:
        document.mark_saved()
    results = () if saved is None else saved.results  # what came along from the document before stands nowhere yet
    stars_in_file = {kept.number: kept.starred for kept in results}
    document.origin.hold_stars(stars_in_file if document.origin.holds_pictures else None)
    document.announce()
    if opened_file.leftover is not None:
        document.timeline.mark_unsaved()
        context.core.autosave.keep(instead_of=opened_file.leftover)
    if saved is not None and saved.damage:
        document.origin.damaged = opened_file.path
        hub.warning(damage_sentence(opened_file.path, saved.damage), topic=OPEN)
    if opened_file.is_copy and opened_file.leftover is None:
        sentence = tr("{0} is open in another window of Tessera: this is a copy of it, which has no file yet.")
        hub.warning(sentence.format(opened_file.path.name), topic=OPEN)
