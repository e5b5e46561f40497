"""The file of a document, `.tessera`: what stands in it, which versions there are, and the request that it holds.

    manifest.json    {"schema": 1, ...}: first, and small
    scene.json       the request that makes the picture, and what a document has beside it
    results.json     the pictures that are kept, with what made each
    history.json     the steps that lead to the scene
    thumbnail.png, preview.jpg, pictures/..., parts/...

The editor writes all of it (`app.document.saved`); the engine reads the request, so that the command line takes a
document wherever it takes a request.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.documents.archive import Archive, open_archive
from engine.documents.parts import PartsIn
from engine.errors import BadFile, BadRequest
from engine.files import PathLike
from engine.plain_data import BadText, parse_json
from engine.requests.base import Request
from engine.requests.json_text import from_fields

SUFFIX = ".tessera"
SCHEMA = 1
MANIFEST, SCENE, RESULTS, HISTORY = "manifest.json", "scene.json", "results.json", "history.json"
THUMBNAIL = "thumbnail.png"
PREVIEW = "preview.jpg"
"""What is shown until the picture is painted again, where the file does not hold it."""

Texts = dict[str, Any]
"""The JSON parts of a document by their names, as plain data with pointers."""
MIGRATIONS: dict[int, Callable[[Texts], Texts]] = {}
"""From each version of the schema to the next: {1: of_version_2} once there is a version 2."""


def read_texts(archive: Archive, path: PathLike) -> tuple[Texts, dict[str, BadFile]]:
    """The JSON parts in the present schema, and what is wrong with those that cannot be read, by name.

    Raises BadFile: a newer Tessera saved it.
    """
    texts: Texts = {}
    damage: dict[str, BadFile] = {}
    for name in (MANIFEST, SCENE, RESULTS, HISTORY):
        try:
            texts[name] = _parsed(archive, name, path)
        except BadFile as error:
            damage[name] = error
    version = texts[MANIFEST].get("schema") if MANIFEST in texts else SCHEMA  # damaged: most likely it is this one
    if isinstance(version, bool) or not isinstance(version, int) or not min(MIGRATIONS, default=SCHEMA) <= version:
        raise BadFile('"{0}" does not say which version of Tessera saved it; it cannot be opened.', path)
    if version > SCHEMA:
        raise BadFile('"{0}" was saved by a newer Tessera; open it with that one.', path)
    for number in range(version, SCHEMA):
        texts = MIGRATIONS[number](texts)
    return texts, damage


def _parsed(archive: Archive, name: str, path: PathLike) -> Any:
    try:
        data = parse_json(archive.read(name))
    except BadText as error:
        raise BadFile('The part "{0}" of "{1}" is damaged.', name, path, details=repr(error)) from error
    if not isinstance(data, list if name == RESULTS else dict):
        raise BadFile('The part "{0}" of "{1}" is damaged.', name, path)
    return data


def request_in(fields: Any, parts: PartsIn) -> Request[Any]:
    """The request that a scene's plain data holds. Raises BadFile or BadRequest."""
    if not isinstance(fields, dict) or not isinstance(fields.get("request"), dict):
        raise BadRequest("The request is not a JSON object; give one with schema, kind and weights.")
    request = from_fields(parts.put(fields["request"]))
    request.check_data()
    return request


def read_document_request(path: Path) -> Request[Any]:
    """The request that makes the picture of a document. Raises BadFile or BadRequest, naming the file."""
    with open_archive(path) as archive:
        texts, damage = read_texts(archive, path)
        if SCENE in damage:
            raise damage[SCENE]
        try:
            return request_in(texts[SCENE], PartsIn(archive.read))
        except BadRequest as error:
            raise BadRequest('"{0}" cannot be used: {1}', path, error, details=error.details) from error
