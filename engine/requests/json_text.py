"""Requests as JSON text: written, read, and described by a schema.

    {"schema": "tessera/1", "kind": "render", "weights": "...", "label_map": {...},
     "styles": {"13": {"style": "image", "path": "anna.jpg", "label": 13}}, "seed": 0, "precision": "float32"}

"kind" says which request it is: those that the systems of this version name (`System.requests`). An unknown or wrong
key is an error that names it. "schema" tells versions apart: it changes when what an older file says would mean
something else. New kinds and keys do not change it, for an older version refuses them by name instead of reading them
wrongly, and what was saved before is read on.
"""

from __future__ import annotations

import base64
import difflib
import inspect
import json
import re
from collections.abc import Iterator
from typing import Any, get_args, get_type_hints

import msgspec

from engine.errors import BadRequest, Message, complaint_of, one_of
from engine.plain_data import BadText, parse_json
from engine.requests.base import Request
from engine.requests.shared_maps import INLINE, POINTER, TABLE, share_maps, spread_maps
from engine.systems import all_systems
from engine.systems.base import load_part

SCHEMA = "tessera/1"
MAX_DEPTH = 64
"""Levels of JSON that are read: styles made of styles take several. Deeper text is refused rather than run out of
stack."""


def kinds() -> dict[str, type[Request[Any]]]:
    """The kinds of request that some system serves, by their name in JSON."""
    return {_name(kind): kind for kind in _kinds()}


def request_kind_named(name: object) -> type[Request[Any]]:
    """The kind of that name. Raises BadRequest naming those that there are."""
    named_kind = next((kind for kind in _kinds() if _name(kind) == name), None)  # others are not imported for it
    if named_kind is None:
        raise BadRequest(
            'The key "kind" of the request is {0}; this version knows {1}.', repr(name), ", ".join(kinds())
        )
    return named_kind


def _kinds() -> Iterator[type[Request[Any]]]:
    """Each imported when it is its turn."""
    return map(load_part, dict.fromkeys(path for system in all_systems() for path in system.requests))


def _name(kind: type[Request[Any]]) -> str:
    return str(kind.__struct_config__.tag)


# ---------------------------------------------------------------- writing


def to_fields(request: Request[Any]) -> dict[str, Any]:
    """The request as plain data, as JSON has it; photos inside as bytes. `from_fields` reads it back."""
    fields = {"schema": SCHEMA, **msgspec.to_builtins(request, str_keys=True, builtin_types=(bytes,))}
    for key in request.unless_empty:
        if not fields[key]:
            del fields[key]
    return fields


def to_json(request: Request[Any], *, indent: int | None = None) -> str:
    """The request as JSON text; `from_json` reads it back to an equal request."""
    fields = share_maps(to_fields(request))
    try:
        json_text = json.dumps(fields, ensure_ascii=False, indent=indent, allow_nan=False, default=_base64)
        json_text.encode("utf-8")
    except UnicodeEncodeError as error:  # a file name in another encoding than the system's
        raise BadRequest("A file name in the request has characters that are not Unicode; rename the file.") from error
    return json_text


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


# ---------------------------------------------------------------- reading


def from_json(json_text: str | bytes) -> Request[Any]:
    """Read a request of any kind. Raises BadRequest naming the wrong key, the kind or the newer schema version."""
    try:
        fields = parse_json(json_text)
    except BadText as error:
        raise BadRequest("The request is not valid JSON; save it again.", details=repr(error)) from error
    if not isinstance(fields, dict):
        raise BadRequest("The request is not a JSON object; give one with schema, kind and weights.")
    request = from_fields(fields)
    request.check_data()
    return request


def from_fields(fields: dict[str, Any]) -> Request[Any]:
    """A request from plain data as JSON has it; what is inside as data (a PNG, say) may still be damaged. Raises
    BadRequest as `from_json`."""
    fields = dict(fields)
    _check_schema(fields.pop("schema", None))
    request_kind = request_kind_named(fields.get("kind"))
    _check_depth(fields)
    try:
        return msgspec.convert(spread_maps(fields), request_kind, str_keys=True)
    except msgspec.ValidationError as error:
        raise BadRequest(_sentence(str(error), request_kind), details=str(error)) from error
    except RecursionError as error:
        raise _too_deep() from error


def _check_schema(schema_version: object) -> None:
    if schema_version == SCHEMA:
        return
    if isinstance(schema_version, str) and re.fullmatch(r"tessera/\d+", schema_version):
        raise BadRequest(
            'The request has the schema "{0}", which this version does not know (it knows "{1}"); open it with a '
            "newer Tessera.",
            schema_version, SCHEMA,
        )
    raise BadRequest('The request has no key "schema" with the value "{0}"; it is not a request of Tessera.', SCHEMA)


def _check_depth(data: object, depth: int = 0) -> None:
    if depth > MAX_DEPTH:
        raise _too_deep()
    if isinstance(data, dict | list):
        for value in data.values() if isinstance(data, dict) else data:
            _check_depth(value, depth + 1)


def _too_deep() -> BadRequest:
    return BadRequest("The request nests its styles too deeply; use fewer mixes of mixes.")


def _sentence(problem: str, request_kind: type[Request[Any]]) -> Message:
    """What msgspec found wrong as a sentence that names the key and, for a misspelt one, the nearest."""
    complaint, _, location = problem.partition(" - at ")
    location = re.sub(r"^[`$.]*", "", location).rstrip("`")
    where = Message(' in "{0}"', location) if location else ""
    if location.startswith("key"):  # a label in "styles" that is no number
        return Message('The request has a wrong label in "styles"; its keys are label numbers from 0 to 255.')
    if matched := re.search(r"unknown field `(.+)`", complaint):
        misspelt_key = matched.group(1)
        other_keys = [key for key in _keys(request_kind) if key != misspelt_key]
        similar_keys = difflib.get_close_matches(misspelt_key, other_keys, n=1)
        advice = (
            Message('did you mean "{0}"?', similar_keys[0])
            if similar_keys
            else Message("remove it, or open the file with a newer Tessera.")
        )
        return Message('The request has an unknown key "{0}"{1}; {2}', misspelt_key, where, advice)
    if matched := re.search(r"missing required field `(.+)`", complaint):
        return Message('The request lacks the key "{0}"{1}; add it.', matched.group(1), where)
    explanation = complaint_of(complaint)
    choices = get_args(get_type_hints(request_kind).get(location))
    if choices and all(isinstance(choice, str) for choice in choices):
        quoted_choices = one_of(f'"{choice}"' for choice in choices)
        return Message("The request has a wrong value{0}: {1}, give {2}.", where, explanation, quoted_choices)
    return Message("The request has a wrong value{0}: {1}.", where, explanation)


def _keys(request_kind: type[Request[Any]]) -> list[str]:
    """All keys that JSON of this kind can have, at any depth."""
    described = schema_of(request_kind)
    objects = [described, *described["$defs"].values()]
    return sorted({key for properties in objects for key in properties.get("properties", {})})


# ---------------------------------------------------------------- describing


def schema_of(request_kind: type[Request[Any]]) -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of a kind of request as it stands in files."""
    (reference,), definitions = msgspec.json.schema_components([request_kind], ref_template="#/$defs/{name}")
    described = definitions.pop(request_kind.__name__) if "$ref" in reference else reference
    described["properties"] = {"schema": {"const": SCHEMA}, **described["properties"]}
    described["required"] = ["schema", *described.get("required", [])]
    for definition in (described, *definitions.values()):
        definition["description"] = inspect.cleandoc(definition.get("description", ""))
    map_holders = [definition for definition in definitions.values() if INLINE in definition.get("properties", {})]
    for map_holder in map_holders:
        map_holder["properties"][POINTER] = {"type": "string"}
    if map_holders:
        described["properties"][TABLE] = {"type": "object", "additionalProperties": {"type": "string"}}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **described, "$defs": definitions}
