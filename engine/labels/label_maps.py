"""Label maps: reading, checking, writing and resizing them.

A label map is a uint8 array (H, W) of label ids. In files it stands as a palette PNG whose values are
ids ("indexed"), as grey values that are ids ("raw"), or as a colour-coded picture ("colour"). Colours are
matched exactly: a colour that no table knows is named, never silently taken for its neighbour.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

import numpy as np
from PIL import Image

from engine.errors import BadFile, BadLabelMap, BadRequest, Message, NotSupported
from engine.files import as_sentence, write_bytes
from engine.labels.label_colours import colour_tables, colours_sentence, ids_by_colour, packed
from engine.labels.label_sets import Label, LabelSet, load_label_set
from engine.pictures.rasters import Raster, Source, load_raster, source_name

Array = np.ndarray

ORDERS: dict[str, tuple[int, ...]] = {
    # value in the file -> CelebAMask-HQ id
    "face-parsing.PyTorch": (0, 1, 6, 7, 4, 5, 3, 8, 9, 15, 2, 10, 11, 12, 17, 16, 18, 13, 14),
}
"""Label orders of other public tools, by name, for `read_label_map(..., order=...)`."""


# ---------------------------------------------------------------- checking


def check_label_map(label_map: Array, label_set: LabelSet, source: str) -> None:
    """Raise BadLabelMap, naming the wrong values and `source`, unless every value is a label's id.

    `label_map`: (H, W) of any integer type, H and W at least 1.
    """
    if label_map.ndim != 2 or label_map.size == 0 or not np.issubdtype(label_map.dtype, np.integer):
        raise BadLabelMap("{0} is not a label map: it needs one whole number per pixel.", as_sentence(source))
    wrong_values = _wrong_values(label_map, label_set)
    if wrong_values.size:
        raise BadLabelMap(_wrong_sentence(wrong_values, label_set.name, len(label_set), source))


def _wrong_values(label_map: Array, label_set: LabelSet) -> Array:
    lowest, highest = int(label_map.min()), int(label_map.max())  # cheap: nearly every map ends here
    if lowest >= 0 and highest < len(label_set):
        return np.empty(0, dtype=np.int64)
    values = np.unique(label_map).astype(np.int64)
    return values[(values < 0) | (values >= len(label_set))]


def _wrong_sentence(wrong_values: Array, title: str, count: int, source: str) -> Message:
    shown = ", ".join(str(value) for value in wrong_values[:8].tolist())
    if wrong_values.size > 8:
        shown = Message("{0} and {1} more", shown, wrong_values.size - 8)
    problem = (
        Message("the value {0}, which is not a label", shown)
        if wrong_values.size == 1
        else Message("the values {0} which are not labels", shown)
    )
    return Message(
        "{0} contains {1} of '{2}' (0-{3}); choose the label set or the label order that the map was made for.",
        as_sentence(source), problem, title, count - 1,
    )


def resize_label_map(label_map: Array, height: int, width: int) -> Array:
    """Nearest-neighbour resize of (H, W) to (height, width), taking pixel centres; same dtype."""
    if label_map.shape == (height, width):
        return label_map.copy()
    rows = ((np.arange(height) + 0.5) * label_map.shape[0] / height).astype(np.intp)
    columns = ((np.arange(width) + 0.5) * label_map.shape[1] / width).astype(np.intp)
    return np.ascontiguousarray(label_map[rows[:, None], columns[None, :]])


def colourise(label_map: Array, label_set: LabelSet) -> Array:
    """The label map in its labels' colours: (H, W) -> (H, W, 3) uint8."""
    return label_set.palette()[label_map]


# ---------------------------------------------------------------- reading


MapKind = Literal["indexed", "raw", "colour"]
"""How a file holds ids: as a palette picture's, as grey values, or as the labels' colours."""


@dataclass(frozen=True)
class LabelMapFile:
    """What `read_label_map` found: `label_map` (H, W) uint8."""

    label_map: Array
    how: MapKind
    notes: tuple[str, ...]


MAX_COLOURS = 4096
"""A picture with more colours than this is taken for a photograph, not for a colour-coded map."""


def read_label_map(path: Source, label_set: LabelSet, *, order: str | None = None) -> LabelMapFile:
    """Read a label map file: palette values or grey values that are ids, or a colour-coded picture.

    `path` may also be the file's bytes. `order` names the tool (see ORDERS) whose label order the file's ids follow.
    Raises BadFile (no picture, lossy, damaged) or
    BadLabelMap (ids or colours that the label set does not have, named with their number of pixels).
    """
    called = source_name(path)
    raster = load_raster(path)
    if raster.lossy:
        raise BadLabelMap(
            "{0} is a {1} file, whose lossy compression blurs label ids; save the label map as PNG.",
            as_sentence(called), raster.format.replace("MPO", "JPEG"),
        )
    notes = [note] if (note := raster.frame_note()) else []
    image = raster.turned()
    if image.mode == "P":
        label_map_file = _read_palette(image, label_set, called, order, notes)
    elif is_grey(image):
        label_map_file = _read_values(grey_values(image, raster, called), label_set, called, order, "raw", notes)
    else:
        label_map_file = _read_colours(image, label_set, called, order, notes)
    return label_map_file


def is_grey(image: Image.Image) -> bool:
    """Whether a picture has one value per pixel, of however many bits, and no palette."""
    return image.mode in ("1", "L", "I", "F") or image.mode.startswith("I;16")


def grey_values(image: Image.Image, raster: Raster, called: str) -> Array:
    """The whole numbers (H, W) that a grey picture stores. Raises BadLabelMap: it has fractions."""
    values = np.asarray(image)
    if values.dtype == bool:
        return values.astype(np.uint8)
    if raster.bits in (2, 4):
        return values // (85 if raster.bits == 2 else 17)  # the decoder stretched 0-3 or 0-15 to 0-255
    if values.dtype.kind == "f":
        if not np.array_equal(values, np.round(values)) or np.abs(values).max() > 1e6:
            raise BadLabelMap("{0} has fractions as values; label maps need whole numbers.", as_sentence(called))
        return values.astype(np.int64)
    return values


def _read_values(
    values: Array, label_set: LabelSet, called: str, order: str | None, how: MapKind, notes: list[str]
) -> LabelMapFile:
    if order is not None:
        values = _reordered(values, label_set, called, order)
    check_label_map(values, label_set, called)
    return LabelMapFile(np.ascontiguousarray(values, dtype=np.uint8), how, tuple(notes))


def _reordered(values: Array, label_set: LabelSet, called: str, order: str) -> Array:
    id_table = np.array(_order(order, label_set), dtype=np.uint8)
    lowest, highest = int(values.min()), int(values.max())
    if lowest < 0 or highest >= len(id_table):
        wrong_values = np.unique(values).astype(np.int64)
        wrong_values = wrong_values[(wrong_values < 0) | (wrong_values >= len(id_table))]
        raise BadLabelMap(_wrong_sentence(wrong_values, order, len(id_table), called))
    return id_table[values]


def _order(order: str, label_set: LabelSet) -> tuple[int, ...]:
    if order not in ORDERS:
        raise BadRequest('There is no label order "{0}"; there is {1}.', order, ", ".join(ORDERS))
    if not label_set.same_labels(load_label_set("celebamask_hq")):
        raise BadRequest('The label order "{0}" is for faces, not for "{1}"; leave it out.', order, label_set.name)
    return ORDERS[order]


def _read_palette(
    image: Image.Image, label_set: LabelSet, called: str, order: str | None, notes: list[str]
) -> LabelMapFile:
    """Palette values are ids. Only if they cannot be are the palette's colours asked."""
    values = np.asarray(image)
    limit = len(label_set) if order is None else len(_order(order, label_set))
    if int(values.max()) < limit:
        return _read_values(values, label_set, called, order, "indexed", notes)
    palette = np.asarray(image.getpalette("RGB") or [], dtype=np.uint8).reshape(-1, 3)
    used_values = np.unique(values)
    known_tables = colour_tables(label_set)
    if int(used_values.max()) < len(palette) and any(
        all(colour in table for colour in map(packed, palette[used_values].tolist())) for _, table in known_tables
    ):
        notes = [*notes, Message("the palette's numbers are not label ids, so its colours were read instead")]
        return _read_colours(image.convert("RGB"), label_set, called, order, notes)
    return _read_values(values, label_set, called, order, "indexed", notes)  # raises, naming the values


def _read_colours(
    image: Image.Image, label_set: LabelSet, called: str, order: str | None, notes: list[str]
) -> LabelMapFile:
    if image.mode in ("RGBA", "LA", "PA") and image.convert("RGBA").getchannel("A").getextrema()[0] != 255:
        raise BadLabelMap("{0} has transparent pixels, which have no label; fill them first.", as_sentence(called))
    image = image.convert("RGB")
    colours = image.getcolors(MAX_COLOURS)
    if colours is None:
        raise BadLabelMap(
            "{0} has more than {1} colours, so it is no label map but a photo; choose a label map, or open it as a "
            "photo.",
            as_sentence(called), MAX_COLOURS,
        )
    counts = {packed(cast(tuple[int, ...], colour)): count for count, colour in colours}
    tables = colour_tables(label_set)
    fitting = [(title, table) for title, table in tables if counts.keys() <= table.keys()]
    if not fitting:
        if all(key in (grey * 0x10101 for grey in range(256)) for key in counts):  # ids kept as grey RGB
            return _read_values(np.asarray(image)[..., 0], label_set, called, order, "raw", notes)
        raise BadLabelMap(colours_sentence(counts, tables, label_set, called))
    title, table = fitting[0]
    if title != label_set.name:
        notes = [*notes, Message("read with the colours of {0}", title)]
    elif any(
        {key: alternative[key] for key in counts} != {key: table[key] for key in counts}
        for _, alternative in fitting[1:]
    ):
        notes = [*notes, Message("its colours would also fit {0}; those of {1} were used", fitting[1][0], title)]
    if order is not None:
        notes = [*notes, Message("the label order was not used: colours name their labels")]
    return LabelMapFile(ids_by_colour(np.asarray(image), table), "colour", tuple(notes))


# ---------------------------------------------------------------- writing


def write_label_map(
    path: str | Path, label_map: Array, label_set: LabelSet, *, kind: MapKind = "indexed"
) -> None:
    """Save (H, W) ids as PNG, atomically: "indexed" (palette), "raw" (grey = id) or "colour" (RGB).

    Raises BadLabelMap for ids that the set does not have, BadFile if it cannot be written, NotSupported
    for "colour" where two used labels share a colour and the map could not be read back.
    """
    check_label_map(label_map, label_set, Message("the label map"))
    if Path(path).suffix.lower() != ".png":
        raise BadFile('Cannot write "{0}": label maps are saved as PNG; give a name that ends in .png.', path)
    ids = np.ascontiguousarray(label_map, dtype=np.uint8)
    if kind == "indexed":
        image = Image.fromarray(ids)
        # All 256 colours, so that values take 8 bits: several tools stretch small palettes' 4 bits.
        image.putpalette(label_set.palette().tobytes().ljust(768, b"\0"))
    elif kind == "raw":
        image = Image.fromarray(ids)
    elif kind == "colour":
        _check_colours_differ(ids, label_set)
        image = Image.fromarray(colourise(ids, label_set))
    else:
        raise BadRequest('"{0}" is not a kind of label map file; use indexed, raw or colour.', kind)
    buffer = io.BytesIO()  # not straight into the file: Pillow hides why a write failed
    image.save(buffer, format="PNG")
    write_bytes(path, buffer.getvalue())


def _check_colours_differ(ids: Array, label_set: LabelSet) -> None:
    label_by_colour: dict[tuple[int, int, int], Label] = {}
    for index in np.unique(ids).tolist():
        label = label_set[index]
        first_label = label_by_colour.setdefault(label.colour, label)
        if first_label is not label:
            raise NotSupported(
                'The labels "{0}" and "{1}" have the same colour, so a colour-coded file would lose them; save an '
                "indexed label map.",
                first_label.name, label.name,
            )
