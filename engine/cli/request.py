"""`tessera request`: any kind of request, read from a file and performed; the way that `render` and `parse` go too."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from engine.cli.common import Answer, Device, JsonFlag, cancelling, check_apart, check_target, progress, say_json
from engine.errors import BadFile, BadRequest
from engine.progress import Progress

if TYPE_CHECKING:
    from engine.requests.base import Request
    from engine.session import Session

WANTED = "give a request JSON file, a PNG that Tessera exported, or a document (.tessera)"


def request(
    request_file: Annotated[
        Path | None,
        typer.Argument(metavar="[REQUEST]", help="A request: JSON, a PNG that Tessera exported, or a document."),
    ] = None,
    target: Annotated[
        Path | None, typer.Option("--out", help="Where the result goes; its ending must suit the kind of request.")
    ] = None,
    schema_kind: Annotated[
        str | None,
        typer.Option("--schema", metavar="KIND", help="Print the JSON schema of that kind of request, and do no more."),
    ] = None,
    device: Device = "auto",
    as_json: JsonFlag = False,
) -> None:
    """Perform a request of any kind, whatever its weights' system makes of it.

    A request is a JSON file that holds everything that decides its result: the same request gives the same bytes on
    the CPU. --schema render describes that kind; a kind that is not there gets the list of those that are.
    """
    from engine.requests.json_text import request_kind_named, schema_of

    if schema_kind is not None:
        if request_file is not None or target is not None:
            raise BadRequest("--schema stands alone; give it without a request and without --out.")
        say_json(schema_of(request_kind_named(schema_kind)))
        return
    if request_file is None or target is None:
        raise BadRequest("request needs a request file and --out; or --schema KIND alone.")
    job = read_request(request_file)
    check_target(target, job.suffixes)
    check_apart(target, [request_file])

    from engine.session import Session

    session = Session(device)
    with progress(f"working on {target.name}", quiet=as_json) as on_progress, cancelling() as cancel:
        answer = perform(session, job, target, on_progress, cancel)
    answer.tell(as_json)


def perform(
    session: Session, request: Request[Any], target: Path, on_progress: Progress, cancel: threading.Event, **how: Any
) -> Answer:
    """Run a request and write its result to `target`, `how` as the result's `save` takes it.

    Raises BadRequest where that is a file that the request reads.
    """
    check_apart(target, files_of(request))
    result = session.run(request, on_progress, cancel)
    result.save(target, **how)
    first_line, *more_lines = result.lines()
    return Answer({"out": target, **result.facts()}, [f"{target}  {first_line}", *more_lines], result.notes)


def files_of(request: Request[Any]) -> list[str]:
    """The files that a request names, whatever its kind calls them."""
    return list(_paths_in(msgspec.to_builtins(request, str_keys=True)))


def _paths_in(fields: object) -> Iterator[str]:
    """The values of all keys that are or end in "path"."""
    if isinstance(fields, dict):
        for key, entry in fields.items():
            if isinstance(entry, str) and key.endswith("path"):
                yield entry
            else:
                yield from _paths_in(entry)
    elif isinstance(fields, list | tuple):
        for entry in fields:
            yield from _paths_in(entry)


def read_request(request_file: Path) -> Request[Any]:
    """The request in a document, a JSON file or a PNG; relative picture paths are looked for beside it first.

    Raises BadFile or BadRequest, naming the file.
    """
    from engine.documents.document_file import read_document_request
    from engine.pictures.sniffing import sniff
    from engine.requests.json_text import from_json

    if sniff(request_file) == "document":
        return read_document_request(request_file).located(request_file.resolve().parent)
    request_text = _request_text(request_file)
    try:
        request = from_json(request_text)
    except BadRequest as error:
        raise BadRequest('"{0}" cannot be used: {1}', request_file, error, details=error.details) from error
    return request.located(request_file.resolve().parent)


def _request_text(request_file: Path) -> str:
    from engine.files import read_text
    from engine.pictures.png import read_embedded_request
    from engine.pictures.sniffing import sniff

    file_kind = sniff(request_file)
    if file_kind in ("request_png", "image", "label_map"):
        embedded = read_embedded_request(request_file)
        if embedded is None:
            raise BadRequest('"{0}" carries no request; {1}.', request_file, WANTED)
        return embedded
    try:
        file_text = read_text(request_file)
    except BadFile as error:
        if not request_file.is_file() or file_kind == "request_json":
            raise
        raise BadRequest('"{0}" is not a request; {1}.', request_file, WANTED, details=str(error)) from error
    if not file_text.lstrip("\ufeff").lstrip().startswith("{"):
        raise BadRequest('"{0}" is not a request; {1}.', request_file, WANTED)
    return file_text
