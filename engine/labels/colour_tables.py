"""Tables "this colour is that label" for label maps in somebody else's colours: as fields of JSON, and as a file.

A data folder keeps one in its classes.json (`LabelSet.colours`), the editor one for each folder that maps were opened
from, and commands take one as a file: {"#a01030": "lower lip", "#000000": 0}.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from engine.errors import BadFile, BadRequest
from engine.files import PathLike
from engine.plain_data import read_json

if TYPE_CHECKING:
    from engine.labels.label_sets import LabelSet

ColourTable = Mapping[int, int]
"""0xRRGGBB -> id of the label that it means."""
_MOST_BYTES = 1 << 20
_COLOUR = re.compile("#[0-9a-fA-F]{6}")


def colour_table(fields: Any, label_set: LabelSet) -> dict[int, int]:
    """A table from plain data: "#rrggbb" -> a label's name, in English or Chinese, or id. Raises BadRequest."""
    if not isinstance(fields, Mapping):
        raise BadRequest('A table of colours says which label each means: {"#a01030": "lower lip"}.')
    table: dict[int, int] = {}
    for written_colour, label in fields.items():
        if not _COLOUR.fullmatch(str(written_colour)):
            raise BadRequest('"{0}" is not a colour; write colours as #a01030.', written_colour)
        table[int(str(written_colour)[1:], 16)] = label_set.find(str(label))
    return table


def table_fields(table: ColourTable, label_set: LabelSet) -> dict[str, str | int]:
    """A table as plain data, which `colour_table` reads back; by names, where those are the labels' own."""
    names = [label.name for label in label_set.labels]
    return {
        f"#{colour:06x}": names[label_id] if label_set.find(names[label_id]) == label_id else label_id
        for colour, label_id in table.items()
    }


def read_colour_table(path: PathLike, label_set: LabelSet) -> dict[int, int]:
    """The table that a JSON file holds. Raises BadFile, naming the file."""
    fields = read_json(path, limit=_MOST_BYTES)
    try:
        return colour_table(fields, label_set)
    except BadRequest as error:
        raise BadFile('"{0}" cannot be used: {1}', path, error) from error
