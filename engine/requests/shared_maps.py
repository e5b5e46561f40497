"""The label maps of style pictures, each written once in a request's JSON.

A picture that styles twelve labels stands in twelve styles, and each holds the picture's label map. In memory that is
one string, in JSON it was twelve: 32 of the sample document's 49 kB. So JSON keeps them in a table, by their content,
and styles point there:

    {"styles": {"13": {"style": "image", "path": "anna.jpg", "label": 13, "label_map_id": "5d41402abc4b2a76"}, ...},
     "maps": {"5d41402abc4b2a76": "iVBORw0KGgo..."}}

Styles that hold their map themselves ("label_map_png"), as all did before there was a table, are read as ever.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from engine.errors import BadRequest

TABLE, POINTER, INLINE = "maps", "label_map_id", "label_map_png"


def share_maps(fields: dict[str, Any]) -> dict[str, Any]:
    """A request's data with inline label maps moved to the table; `fields` itself is changed."""
    map_table: dict[str, str] = {}
    for map_holder in _objects(fields):
        png = map_holder.pop(INLINE, None)
        if png is not None:
            map_id = hashlib.sha256(png.encode()).hexdigest()[:16]
            map_table[map_id] = png
            map_holder[POINTER] = map_id
    return {**fields, TABLE: map_table} if map_table else fields


def spread_maps(fields: dict[str, Any]) -> dict[str, Any]:
    """The inverse of `share_maps`; all styles of one picture hold the same string. Raises BadRequest."""
    map_table = fields.pop(TABLE, {})
    if not isinstance(map_table, dict):
        raise BadRequest('The key "{0}" of the request is not a table of label maps; save the request again.', TABLE)
    for map_holder in _objects(fields):
        if POINTER not in map_holder:
            continue
        map_id = map_holder.pop(POINTER)
        if not isinstance(map_id, str) or map_id not in map_table:
            raise BadRequest(
                'The key "{0}" of a style is {1}, which the key "{2}" of the request does not have; save the request '
                "again.",
                POINTER, repr(map_id), TABLE,
            )
        map_holder[INLINE] = map_table[map_id]
    return fields


def _objects(data: object) -> Iterator[dict[str, Any]]:
    """All JSON objects in `data`, itself first."""
    if isinstance(data, dict):
        yield data
    if isinstance(data, dict | list | tuple):
        for value in data.values() if isinstance(data, dict) else data:
            yield from _objects(value)
