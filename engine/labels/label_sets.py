"""Label sets: the names, colours and meaning of the ids in a label map.

One layout for all: the `classes.json` of a data set, the files in `resources/labelsets`, the label set in a
weights card.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import BadFile, BadRequest, Message
from engine.files import as_sentence, read_bytes, resource
from engine.labels.colour_tables import colour_table, table_fields
from engine.plain_data import BadText, parse_json


@dataclass(frozen=True)
class Label:
    """One semantic class: its id in label maps, its names and its colour (R, G, B), 0-255."""

    id: int
    name: str
    name_zh: str
    colour: tuple[int, int, int]

    @property
    def hex(self) -> str:
        """The colour as "#rrggbb"."""
        return "#{:02x}{:02x}{:02x}".format(*self.colour)


@dataclass(frozen=True)
class LabelPair:
    """Two labels that are mostly restyled together: left and right eye are "eyes", upper and lower lip "lips"."""

    name: str
    name_zh: str
    labels: tuple[int, int]


OPPOSITES = (("left", "right"), ("upper", "lower"))


@dataclass(frozen=True)
class LabelSet:
    """The labels of a data set or of weights; `labels[i].id == i`.

    `ignore` is the id of "unlabelled" (left out of losses and metrics) or None; `swap_on_flip` lists the
    pairs (left eye, right eye) that a horizontal flip must exchange. `order`: in what order the files of
    a data folder number the labels (`label_orders`, read by `read_data_map` alone), None where that was not said.
    `colours`: which label each 0xRRGGBB means in the files of a data folder, beside the labels' own (read by
    `read_data_map` alone).
    """

    name: str
    labels: tuple[Label, ...]
    ignore: int | None = None
    swap_on_flip: tuple[tuple[int, int], ...] = ()
    order: str | None = None
    colours: tuple[tuple[int, int], ...] = ()
    _names: tuple[str, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        count = len(self.labels)
        if not 1 <= count <= 256 or [label.id for label in self.labels] != list(range(count)):
            raise BadRequest(
                'The label set "{0}" must have 1 to 256 labels with the ids 0, 1, 2, ... in order.',
                self.name,
            )
        if self.ignore is not None and not 0 <= self.ignore < count:
            raise BadRequest('The label set "{0}" ignores {1}, which is not one of its labels.', self.name, self.ignore)
        if any(not 0 <= index < count for pair in self.swap_on_flip for index in pair):
            raise BadRequest('The label set "{0}" swaps labels that it does not have.', self.name)
        object.__setattr__(self, "_names", tuple(_folded(label.name) for label in self.labels))

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> Label:
        return self.labels[index]

    def palette(self) -> np.ndarray:
        """Colours by id: (N, 3) uint8."""
        return np.array([label.colour for label in self.labels], dtype=np.uint8)

    def find(self, text: str) -> int:
        """The id of a label given as an id ("13"), an English name ("hair") or a Chinese one ("头发").

        Case, "_" and "-" do not matter. Raises BadRequest that names the nearest labels.
        """
        folded = _folded(text)
        if folded.isdecimal() and folded.isascii():
            if int(folded) < len(self):
                return int(folded)
            raise BadRequest('"{0}" is not a label of "{1}": its ids are 0 to {2}.', text, self.name, len(self) - 1)
        for label, name in zip(self.labels, self._names):
            if folded in (name, _folded(label.name_zh)):
                return label.id
        nearest_names = [self._names[label_id] for label_id in self._sharing(folded)] or difflib.get_close_matches(
            folded, [*self._names, *(x.name_zh for x in self.labels)], n=3, cutoff=0.5
        )
        if nearest_names:
            nearest = " / ".join(f'"{name}"' for name in dict.fromkeys(nearest_names))
            raise BadRequest('"{0}" is not a label of "{1}"; did you mean {2}?', text, self.name, nearest)
        examples = ", ".join(label.name for label in self.labels[:6]) + (", ..." if len(self) > 6 else "")
        raise BadRequest('"{0}" is not a label of "{1}"; its labels are {2}', text, self.name, examples)

    def find_all(self, text: str) -> tuple[int, ...]:
        """The ids of all labels that a word means: one as for `find`, the pair of that name ("lips"), or those whose
        names share the word, singular or plural: "lip" means the lips, "brows" are both eyebrows.

        Raises BadRequest that names the nearest labels.
        """
        try:
            return (self.find(text),)
        except BadRequest:
            folded = _folded(text)
            pair_labels = [pair.labels for pair in self.pairs if folded in (pair.name, _folded(pair.name_zh))]
            sharing = pair_labels[0] if pair_labels else self._sharing(folded)
            if not sharing:
                raise
            return sharing

    def _sharing(self, folded: str) -> tuple[int, ...]:
        """Ids of the labels that have this word in their names; where there are none, of those with a word that ends
        in it."""
        word = folded.removesuffix("s")
        if len(word) < 3:
            return ()
        words_by_id = [name.split() for name in self._names]
        exact_ids = tuple(label_id for label_id, words in enumerate(words_by_id) if word in words)
        ending = (label_id for label_id, words in enumerate(words_by_id) if any(each.endswith(word) for each in words))
        return exact_ids or tuple(ending)

    def for_weights(self) -> LabelSet:
        """The same labels without what is said of a data folder's files alone."""
        return replace(self, order=None, colours=())

    @property
    def pairs(self) -> tuple[LabelPair, ...]:
        """The pairs among the labels: names that differ in nothing but "left" and "right", or "upper" and "lower"."""
        pairs = []
        for first, second in OPPOSITES:
            for label, name in zip(self.labels, self._names):
                opposite, _, word = name.partition(" ")
                if opposite == first and word and f"{second} {word}" in self._names:
                    name_zh = "双" + label.name_zh.removeprefix("左").removeprefix("上")
                    pairs.append(LabelPair(f"{word}s", name_zh, (label.id, self._names.index(f"{second} {word}"))))
        return tuple(pairs)

    def pair_of(self, label: int) -> LabelPair | None:
        """The pair that a label belongs to; None where it stands alone."""
        return next((pair for pair in self.pairs if label in pair.labels), None)

    def same_labels(self, other: LabelSet) -> bool:
        """Whether ids mean the same in both: equal names in equal order (colours may differ)."""
        return self._names == other._names

    def to_dict(self) -> dict[str, Any]:
        """Plain data in the layout of a `classes.json`; `from_dict` reads it back."""
        own_order = {} if self.order is None else {"order": self.order}
        own_colours = {"colours": table_fields(dict(self.colours), self)} if self.colours else {}
        return {
            "name": self.name,
            **own_order,
            **own_colours,
            "ignore": self.ignore,
            "swap_on_flip": [list(pair) for pair in self.swap_on_flip],
            "classes": [
                {"id": label.id, "name": label.name, "name_zh": label.name_zh, "colour": label.hex}
                for label in self.labels
            ],
        }

    @classmethod
    def from_dict(
        cls, fields: Mapping[str, Any], *, name: str = "", source: str = Message("the label set")
    ) -> LabelSet:
        """A label set from plain data; `name` stands in where it has none. Raises BadFile naming `source`."""
        try:
            classes = fields["classes"]
            labels = tuple(_label(class_fields, index) for index, class_fields in enumerate(classes))
            ignore = None if fields.get("ignore") is None else int(fields["ignore"])
            if ignore == 255 and len(labels) < 255:  # as public sets put it: what no class stands for
                ignore = len(labels)
                labels += (Label(ignore, "unlabelled", "未标注", (0, 0, 0)),)
            label_set = cls(
                name=str(fields.get("name") or name or "labels"),
                labels=labels,
                ignore=ignore,
                order=None if fields.get("order") is None else str(fields["order"]),
                swap_on_flip=tuple((int(left), int(right)) for left, right in fields.get("swap_on_flip") or ()),
            )
            table = colour_table(fields.get("colours") or {}, label_set)
            return replace(label_set, colours=tuple(table.items())) if table else label_set
        except BadRequest as error:
            raise BadFile("{0} cannot be used: {1}", as_sentence(source), error) from error
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise BadFile(
                '{0} is not a label set: it needs a list "classes" of ids and names.',
                as_sentence(source), details=repr(error),
            ) from error


def _folded(text: str) -> str:
    return " ".join(text.casefold().replace("_", " ").replace("-", " ").split())


def _label(class_fields: Mapping[str, Any], index: int) -> Label:
    colour = str(class_fields.get("colour") or _voc_colour(index)).removeprefix("#")
    if len(colour) != 6:
        raise ValueError(f"colour {colour!r}")
    red, green, blue = bytes.fromhex(colour)
    return Label(
        int(class_fields["id"]),
        str(class_fields["name"]),
        str(class_fields.get("name_zh") or class_fields["name"]),
        (red, green, blue),
    )


def _voc_colour(index: int) -> str:
    """The customary colour of a label without one: the id's bits, spread over R, G and B from the top."""
    channels = [0, 0, 0]
    for bit in range(9):
        channels[bit % 3] |= (index >> bit & 1) << (7 - bit // 3)
    return "#{:02x}{:02x}{:02x}".format(*channels)


def load_label_set(name_or_path: str | Path) -> LabelSet:
    """A bundled label set by name ("faces", "street", ...) or one from a `classes.json`.

    A folder stands for the `classes.json` in it. Raises BadFile, or BadRequest naming the bundled sets.
    """
    written_name = str(name_or_path)
    path = resource("labelsets", f"{written_name}.json")
    if isinstance(name_or_path, Path) or written_name.endswith(".json") or any(sign in written_name for sign in "/\\"):
        path = Path(written_name)
        path = path / "classes.json" if path.is_dir() else path
    elif written_name not in bundled_label_sets():
        raise BadRequest('There is no label set "{0}"; there are {1}.', written_name, ", ".join(bundled_label_sets()))
    try:
        json_data = parse_json(read_bytes(path, limit=8 << 20))
    except BadText as error:
        raise BadFile('"{0}" is not a JSON file; give a classes.json.', path, details=repr(error)) from error
    fallback = path.parent.name if path.name == "classes.json" else path.stem
    return LabelSet.from_dict(json_data, name=fallback, source=f'"{path}"')


def bundled_label_sets() -> tuple[str, ...]:
    """Names of the label sets that ship with the program, sorted."""
    return tuple(sorted(path.stem for path in resource("labelsets").glob("*.json")))
