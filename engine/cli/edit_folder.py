"""A folder of photos edited alike: `tessera edit FOLDER`.

edited.json in the target folder says what became of each photo. A photo whose edit is finished is skipped the next
time, unless it, the edits, their style pictures or the weights have changed since.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from engine.cli.common import Answer
from engine.data.layout import IMAGE_SUFFIXES, check_text, in_json
from engine.errors import BadFile, BadRequest, Cancelled, EngineError, MissingStyle, NotSupported, WeightsError
from engine.files import cannot, check_name, read_bytes, write_text
from engine.pictures.images import PICTURE_SUFFIXES, format_of
from engine.pictures.photo_files import same_format
from engine.pictures.photos import Photo
from engine.pictures.sniffing import sniff
from engine.plain_data import BadText, parse_json
from engine.progress import Progress
from engine.requests.edit import EditRequest
from engine.requests.json_text import to_json
from engine.requests.kept import file_identity
from engine.requests.styles import ImageStyle, simple_parts
from engine.session import Session
from engine.weights.card import read_card
from engine.weights.store import find_weights

if TYPE_CHECKING:
    from engine.cli.edit import FaceSearch

RECORD = "edited.json"
SAVE_SECONDS = 5.0
"""A run that is killed loses no more than what it did in so many seconds."""


class Edited(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What became of one photo.

    job: hash of all that decides the result. file: name of the edited photo, "" where it was left out because of
    `problem`. changed: share of its pixels that differ. notes: what is doubtful about it.
    finished_before: the last run skipped it.
    """

    job: str
    file: str = ""
    problem: str = ""
    changed: float = 0.0
    notes: tuple[str, ...] = ()
    finished_before: bool = False


class Record(msgspec.Struct, forbid_unknown_fields=True):
    """edited.json: photos by their path in the folder."""

    photos: dict[str, Edited] = {}


@dataclass(frozen=True)
class FolderEdit:
    """Photos of `folder`, and of the folders in it, edited into `target`.

    request_for: of a photo's path. keep_place: as `write_photo` has it. search: for the face, in photos that are not
    finished; None edits them whole.
    """

    session: Session
    folder: Path
    target: Path
    request_for: Callable[[Path], EditRequest]
    keep_place: bool
    search: FaceSearch | None = None

    def run(self, on_progress: Progress, cancel: threading.Event) -> Record:
        """Edit all photos; returns what became of each.

        A photo that cannot be read, or has none of the regions, is left out, and the others go on.

        Raises BadFile: there are no photos, or a file cannot be written; MissingStyle, WeightsError, NotSupported: no
        photo can be edited so; Cancelled, with all that is finished recorded.
        """
        photos = list(_photos(self.folder, self.target))
        if not photos:
            raise BadFile('"{0}" has no photos; give a photo, or a folder that holds some.', self.folder)
        before, record = read_record(self.target / RECORD), Record()
        saved_at = time.monotonic()
        try:
            for index, photo in enumerate(photos):

                def report(fraction: float, text: str, index: int = index, name: str = str(photo)) -> None:
                    on_progress((index + fraction) / len(photos), name)

                line = in_json(photo.as_posix())
                record.photos[line] = self._edit_one(photo, before.photos.get(line), report, cancel)
                if time.monotonic() - saved_at > SAVE_SECONDS:
                    self._write_record(before, record)
                    saved_at = time.monotonic()
            before = Record()  # photos that are gone lose their line
        finally:
            self._write_record(before, record)
        return record

    def _edit_one(
        self, photo: Path, earlier: Edited | None, report: Progress, cancel: threading.Event
    ) -> Edited:
        target, job = self.target / photo, ""
        try:
            check_text(photo.as_posix())
            request = self.request_for(self.folder / photo)
            job = self._job(request)
            if earlier is not None and earlier.job == job and target.with_name(earlier.file or "-").is_file():
                return replace(earlier, finished_before=True)
            if self.search is not None:
                request = self.search.of_face(self.session, request)
            result = self.session.run(request, report, cancel)
            target = target.with_name(_file_name(photo, result.photo))
            check_name(target)  # a name that cannot be given is this photo's problem; a full disk ends the run
        except (Cancelled, MissingStyle, NotSupported, WeightsError):
            raise
        except EngineError as error:
            return Edited(job, problem=str.__str__(error.message))
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise cannot("create the folder", target.parent, error) from error
        result.save(target, keep_place=self.keep_place)
        notes = tuple(str.__str__(note) for note in result.notes)
        return Edited(job, target.name, changed=round(result.facts()["changed"], 4), notes=notes)

    def _job(self, request: EditRequest) -> str:
        """Hash of all that decides the edited file: a moved folder changes nothing, another style picture does."""
        simple_styles = (style for edit in request.edits for style in simple_parts(edit.style))
        picture_styles = [style for style in simple_styles if isinstance(style, ImageStyle)]
        style_files = [
            file_identity(path) for style in picture_styles for path in (style.path, style.label_map_path or "")
        ]
        weights = self.session.painter(request.weights).card.identity
        words = to_json(request.replace(photo=request.photo.replace(path=request.photo.name)))
        deciding: tuple[object, ...] = (words, style_files, weights, self.keep_place)
        if self.search is not None and self.search.is_needed(request):
            deciding += (read_card(find_weights(self.search.finder)).identity, self.search.number)
        return hashlib.sha256(repr(deciding).encode()).hexdigest()[:16]

    def _write_record(self, before: Record, record: Record) -> None:
        """Photos that were not looked at yet keep their line. Raises BadFile."""
        try:
            self.target.mkdir(exist_ok=True)
        except OSError as error:
            raise cannot("create the folder", self.target, error) from error
        lines = msgspec.json.encode(Record({**before.photos, **record.photos}))
        write_text(self.target / RECORD, msgspec.json.format(lines, indent=1).decode() + "\n")


def answer_of(target: Path, record: Record) -> Answer:
    """What the command says of what became of the photos."""
    left_out = {name: photo.problem for name, photo in record.photos.items() if photo.problem}
    before = sum(photo.finished_before for photo in record.photos.values())
    edited = len(record.photos) - len(left_out) - before
    facts = {"out": target, "edited": edited, "finished_before": before, "left_out": left_out}
    counts = f"{edited} edited, {before} finished before, {len(left_out)} left out"
    lines = [f"{target}  {counts}; {target / RECORD} says what became of each"]
    notes = [note for photo in record.photos.values() if not photo.finished_before for note in photo.notes]
    return Answer(facts, lines + [f"  {name}: {problem}" for name, problem in left_out.items()], notes)


def check_folders(folder: Path, target: Path) -> None:
    """Raises BadRequest: photos would be written over; BadFile: there is no place for the target folder."""
    check_name(target)
    if target.exists() and not target.is_dir():
        raise BadFile('Cannot write "{0}": it is a file; a folder of photos goes into a folder.', target)
    if target.resolve() == folder.resolve():
        raise BadRequest('The photos in "{0}" would be written over; choose another folder for --out.', folder)
    if not target.absolute().parent.is_dir():
        raise BadFile(
            'Cannot write "{0}": the folder "{1}" does not exist; create it first.', target, target.absolute().parent
        )


def _photos(folder: Path, target: Path) -> Iterator[Path]:
    """Files that are pictures, or are called so, relative to the folder."""
    for directory, subfolders, file_names in os.walk(folder):
        subfolders[:] = sorted(
            name for name in subfolders
            if not name.startswith(".") and Path(directory, name).resolve() != target.resolve()
        )
        for name in sorted(file_names):
            path = Path(directory, name)
            is_picture = name.lower().endswith(IMAGE_SUFFIXES) or sniff(path) in ("image", "label_map", "request_png")
            if is_picture and not name.startswith("."):
                yield path.relative_to(folder)


def _file_name(path: Path, photo: Photo) -> str:
    """The photo's own name, with another ending where a file of its format cannot be called so, or not be written."""
    suffix = same_format(photo)
    own = path.suffix.lower() in PICTURE_SUFFIXES and format_of(path) == format_of(f"x{suffix}")
    return path.name if own else path.name + suffix


def read_record(path: Path) -> Record:
    """Raises BadFile for a file that is not ours: it is not overwritten."""
    if not path.exists():
        return Record()
    try:
        return msgspec.convert(parse_json(read_bytes(path)), Record)
    except (msgspec.ValidationError, BadText) as error:
        raise BadFile(
            '"{0}" is not what editing a folder writes; remove it, or choose another folder.', path, details=repr(error)
        ) from error
