"""A batch of examples as fields by name: what a kind of data has of each example, one row per example."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

Field = Tensor | Sequence[Any]


class Batch:
    """Fields of equally many examples: tensors (B, ...), or lists of B entries where examples differ in shape.

    The usual fields have a typed name here; a kind of data of a system's own may have others, `batch["name"]`.
    Raises ValueError for fields of different lengths, KeyError (naming what there is) for a field that is not there.
    """

    def __init__(self, **fields: Field) -> None:
        lengths = {field_name: len(entries) for field_name, entries in fields.items()}
        if len(set(lengths.values())) != 1:
            raise ValueError(f"the fields of a batch are of one length, not {lengths}")
        self.fields: Mapping[str, Field] = fields

    def __len__(self) -> int:
        return len(next(iter(self.fields.values())))

    def __contains__(self, field_name: str) -> bool:
        return field_name in self.fields

    def __getitem__(self, field_name: str) -> Any:
        if field_name not in self.fields:
            raise KeyError(f"this data has no {field_name}; it has {', '.join(self.fields)}")
        return self.fields[field_name]

    @property
    def pictures(self) -> Tensor:
        """(B, 3, S, S) in [-1, 1]."""
        pictures: Tensor = self["pictures"]
        return pictures

    @property
    def label_maps(self) -> Tensor:
        """(B, S, S) int64 label ids; the ignore id may occur."""
        label_maps: Tensor = self["label_maps"]
        return label_maps

    @property
    def classes(self) -> Tensor:
        """(B,) int64: the class of each picture."""
        classes: Tensor = self["classes"]
        return classes

    @property
    def captions(self) -> list[str]:
        """One sentence about each picture."""
        captions: list[str] = self["captions"]
        return captions

    @property
    def boxes(self) -> list[Tensor]:
        """Per example (N, 5) float32: left, top, right, bottom as shares of the picture's sides, and the class."""
        boxes: list[Tensor] = self["boxes"]
        return boxes

    @property
    def domains(self) -> Tensor:
        """(B,) int64: the number of the data set that each example comes from."""
        domains: Tensor = self["domains"]
        return domains

    def to(self, device: torch.device) -> Batch:
        """The same on a device; from pinned memory without waiting."""

        def on_device(tensor: Tensor) -> Tensor:
            return tensor.to(device, non_blocking=True)

        return Batch(**{name: _map_tensors(field, on_device) for name, field in self.fields.items()})

    def pin(self) -> Batch:
        """The same in page-locked memory, from which a GPU copies while the CPU goes on."""
        return Batch(**{name: _map_tensors(field, Tensor.pin_memory) for name, field in self.fields.items()})

    def rows(self, first_row: int, end_row: int) -> Batch:
        """The examples first_row .. end_row - 1."""
        return Batch(**{name: field[first_row:end_row] for name, field in self.fields.items()})


def _map_tensors(field: Field, transform: Any) -> Field:
    """A tensor changed, or each tensor of a list; all else as it is."""
    if isinstance(field, Tensor):
        transformed: Tensor = transform(field)
        return transformed
    return [transform(entry) if isinstance(entry, Tensor) else entry for entry in field]
