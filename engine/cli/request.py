"""`tessera request`: any kind of request, read from a file and performed; the way that `render` and `parse` go too."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.cli.common import Answer, Device, JsonFlag, OnProgress, cancelling, check_target, progress, say_json
from engine.errors import BadFile, BadRequest

if TYPE_CHECKING:
    from engine.requests.base import Request
    from engine.session import Session

WANTED = "give a request JSON file, or a PNG that Tessera exported"


def request(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[REQUEST]", help="A request: JSON, or a PNG that Tessera exported."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Where the result goes; its ending must suit the kind of request.")
    ] = None,
    schema: Annotated[
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
    from engine.requests.json_text import kind_named, schema_of

    if schema is not None:
        if file is not None or out is not None:
            raise BadRequest("--schema stands alone; give it without a request and without --out.")
        say_json(schema_of(kind_named(schema)))
        return
    if file is None or out is None:
        raise BadRequest("request needs a request file and --out; or --schema KIND alone.")
    job = read_request(file)
    check_target(out, job.suffixes)

    from engine.session import Session

    session = Session(device)
    with progress("reading", quiet=as_json) as report, cancelling() as cancel:
        answer = perform(session, job, out, report, cancel)
    answer.tell(as_json)


def perform(
    session: Session, job: Request[Any], out: Path, report: OnProgress, cancel: threading.Event, **how: Any
) -> Answer:
    """Run a request and write its result to `out`, `how` as the result's `save` takes it."""
    result = session.run(job, report, cancel)
    result.save(out, **how)
    first, *rest = result.lines()
    return Answer({"out": out, **result.facts()}, [f"{out}  {first}", *rest], result.notes)


def read_request(path: Path) -> Request[Any]:
    """The request in a JSON file or in a PNG; relative picture paths are looked for beside it first.

    Raises BadFile or BadRequest, naming the file.
    """
    from engine.requests.json_text import from_json

    text = _request_text(path)
    try:
        request = from_json(text)
    except BadRequest as error:
        raise BadRequest('"{0}" cannot be used: {1}', path, error, details=error.details) from error
    return request.located(path.resolve().parent)


def _request_text(path: Path) -> str:
    from engine.files import read_text
    from engine.pictures.png import read_embedded_request
    from engine.pictures.sniffing import sniff

    kind = sniff(path)
    if kind in ("request_png", "image", "label_map"):
        embedded = read_embedded_request(path)
        if embedded is None:
            raise BadRequest('"{0}" carries no request; {1}.', path, WANTED)
        return embedded
    try:
        text = read_text(path)
    except BadFile as error:
        if not path.is_file() or kind == "request_json":
            raise
        raise BadRequest('"{0}" is no request; {1}.', path, WANTED, details=str(error)) from error
    if not text.lstrip("\ufeff").lstrip().startswith("{"):
        raise BadRequest('"{0}" is no request; {1}.', path, WANTED)
    return text
