"""Saving a document to the file that the user named, as a job."""

from __future__ import annotations

from pathlib import Path

from app.document.saved.document_file import Snapshot, write_document
from app.document.saved.process_folders import is_open_elsewhere
from app.jobs.work_lane import Work
from app.jobs.writing import with_data
from engine.errors import BadFile


def save_document(
    work: Work, path: Path, snapshot: Snapshot, *, photo_inside: bool, sources: tuple[Path, ...] = ()
) -> None:
    """Write the file; what it held before, or files of `sources` hold, is taken over.

    Raises BadFile, MissingPhoto: it cannot be written, or another window has it open; nothing has changed then.
    """
    work.progress(0.1)
    photo = snapshot.scene.photo
    if photo is not None:
        photo = with_data(photo) if photo_inside else photo.as_in_file(path)
    if is_open_elsewhere(path):
        raise BadFile('"{0}" is open in another window of Tessera; choose another name.', path)
    work.commit()
    write_document(path, snapshot, photo=photo, sources=sources)
