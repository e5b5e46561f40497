"""The edits of one photo as text, for another photo: what the clipboard carries from window to window.

{"schema": "tessera/1", "kind": "edits", "labels": ["background", "skin", ...], "edits": [{"label": 13, ...}]}
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

from engine.errors import BadRequest
from engine.labels.label_sets import LabelSet
from engine.labels.pieces import is_piece
from engine.plain_data import BadText, parse_json
from engine.requests.base import Frozen
from engine.requests.edit import RegionEdit


class EditList(Frozen, frozen=True, tag_field="kind", tag="edits"):
    """Edits with the names of the labels that they are for, by id: two sets that share ids may mean other things."""

    labels: tuple[str, ...]
    edits: tuple[RegionEdit, ...]
    schema: Literal["tessera/1"] = "tessera/1"

    def __post_init__(self) -> None:
        if any(is_piece(edit.label) for edit in self.edits):
            raise BadRequest("A piece is a part of one photo; copy the edits of labels.")

    @classmethod
    def of(cls, label_set: LabelSet, edits: Iterable[RegionEdit]) -> EditList:
        """The edits of a photo of these labels, without those of pieces, which other photos do not have."""
        own = tuple(edit for edit in edits if not is_piece(edit.label))
        return cls(labels=tuple(label.name for label in label_set.labels), edits=own)

    def edits_for(self, label_set: LabelSet) -> tuple[RegionEdit, ...]:
        """The edits, where they are for these labels. Raises BadRequest where they are for others."""
        if self.labels != tuple(label.name for label in label_set.labels):
            raise BadRequest(
                "The copied edits are for other regions ({0}, ...) than this photo has; copy them from a photo of the "
                "same kind.",
                ", ".join(self.labels[1:4]),
            )
        return self.edits


def edit_list_text(edit_list: EditList) -> str:
    """The edits as JSON that people can read too; `read_edit_list` reads it back to equal ones."""
    return msgspec.json.format(msgspec.json.encode(edit_list), indent=1).decode("utf-8")


def read_edit_list(json_text: str | bytes) -> EditList:
    """Edits from text. Raises BadRequest where it holds none."""
    try:
        return msgspec.convert(parse_json(json_text), EditList, str_keys=True)
    except (msgspec.MsgspecError, BadRequest, BadText) as error:
        raise BadRequest("The text holds no edits of a photo; copy them again.", details=repr(error)) from error
