"""Label maps: reading, checking, writing and resizing them.

A label map is a uint8 array (H, W) of label ids. In files it stands as a palette PNG whose values are
ids ("indexed"), as grey values that are ids ("raw"), or as a colour-coded picture ("colour"). Colours are
matched exactly: a colour that no table knows is named, never silently taken for its neighbour.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal, cast

import numpy as np
from PIL import Image

from engine.errors import BadFile, BadLabelMap, BadRequest, Message, NotSupported, one_of
from engine.files import as_sentence, write_bytes
from engine.labels.colour_tables import ColourTable
from engine.labels.label_colours import colour_tables, colours_sentence, ids_by_colour, packed
from engine.labels.label_orders import (
    FROM_ONE,
    IDS,
    ORDERS,
    PERHAPS_FROM_ONE,
    UNLABELLED,
    check_order,
    counted_from_zero,
    doubt_of,
    doubtful,
    ids_of,
    may_count_from_one,
    order_in,
    orders_of,
)
from engine.labels.label_sets import Label, LabelSet
from engine.pictures.rasters import Raster, Source, load_raster, source_name

Array = np.ndarray

# ---------------------------------------------------------------- checking


def check_label_map(label_map: Array, label_set: LabelSet, source: str) -> None:
    """Raise BadLabelMap, naming the wrong values and `source`, unless every value is a label's id.

    `label_map`: (H, W) of any integer type, H and W at least 1.
    """
    if label_map.ndim != 2 or label_map.size == 0 or not np.issubdtype(label_map.dtype, np.integer):
        raise BadLabelMap("{0} is not a label map: it needs one whole number per pixel.", as_sentence(source))
    wrong_values = _wrong_values(label_map, label_set)
    if wrong_values.tolist() == [len(label_set)]:
        raise BadLabelMap(
            "{0} contains {1}, one more than the labels of '{2}' (0-{3}): where it counts from 1, subtract 1 from each "
            "value; otherwise choose the label set or the label order that it was made for.",
            as_sentence(source), len(label_set), label_set.name, len(label_set) - 1,
        )
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
    """What a file holds: `label_map` (H, W) uint8; `doubt`: why its numbers could mean other labels."""

    label_map: Array
    how: MapKind
    notes: tuple[str, ...]
    doubt: Message | None = None


MAX_COLOURS = 4096
"""A picture with more colours than this is taken for a photograph, not for a colour-coded map."""
MOST_ASKED = 64
"""More colours than this nobody tells apart in a table."""


def read_label_map(
    path: Source,
    label_set: LabelSet,
    *,
    order: str | None = None,
    colours: ColourTable = MappingProxyType({}),
    by_colours: bool = False,
) -> LabelMapFile:
    """Read a label map file: palette values or grey values that are ids, or a colour-coded picture.

    `path` may also be the file's bytes. `order` names the set or tool (see `label_orders`) whose numbers the file has;
    ids unless given, and numbers that could be of another order are read as ids, with a `doubt`. `colours` says which
    label a colour of the file means: a file that has one of them is read by its colours, unless its palette is in the
    labels' own or its grey values are ids; `by_colours`: even then. Raises BadFile (no picture, lossy, damaged) or
    BadLabelMap (ids or colours that the label set does not have, named with their number of pixels).
    """
    return _read_file(path, label_set, order, None, colours, by_colours=by_colours)


def read_data_map(path: Source, label_set: LabelSet) -> LabelMapFile:
    """A label map of a data folder, whose numbers are those that its classes.json says (`LabelSet.order`).

    A palette in the labels' own colours proves ids, whatever order is said: so Tessera writes its maps. Other colours
    mean what classes.json says of them (`LabelSet.colours`). Raises as `read_label_map`, and BadLabelMap for numbers
    that could be of two orders where classes.json says none.
    """
    label_map_file = _read_file(path, label_set, None, label_set.order, dict(label_set.colours))
    if label_map_file.doubt is not None:
        raise BadLabelMap(
            '{0} cannot be read for certain: {1}; say which it is by "order" in classes.json ({2}).',
            as_sentence(source_name(path)), label_map_file.doubt,
            one_of(f'"{name}"' for name in (*orders_of(label_set), IDS)),
        )
    return label_map_file


def read_certain_map(
    path: Source, label_set: LabelSet, *, order: str | None = None, option: str | None = None
) -> LabelMapFile:
    """A label map where nobody is asked what its numbers mean.

    option: what whoever gave the file could say its order by, for the sentence. Raises as `read_label_map`, and
    BadLabelMap with `orders` for numbers that could be of several where `order` says none.
    """
    label_map_file = read_label_map(path, label_set, order=order)
    if label_map_file.doubt is not None:
        raise doubtful(as_sentence(source_name(path)), label_map_file.doubt, label_set, option)
    return label_map_file


def used_colours(path: Source) -> dict[int, int]:
    """Number of pixels by 0xRRGGBB, of a picture that is no photo and has no fractions or half transparent pixels;
    empty for others. Raises BadFile: it cannot be read."""
    raster = load_raster(path)
    return {} if raster.lossy else _counted_colours(raster.turned())


def few_colours(path: Source) -> dict[int, int]:
    """As `used_colours`, of a picture whose colours somebody can be asked about one by one; empty for others, where
    smoothing left too many."""
    pixel_counts = used_colours(path)
    return pixel_counts if len(pixel_counts) <= MOST_ASKED else {}


def _counted_colours(image: Image.Image) -> dict[int, int]:
    if image.mode in ("I", "F") or image.mode.startswith("I;16") or _is_transparent(image):
        return {}
    colours = image.convert("RGB").getcolors(MAX_COLOURS) or []
    return {packed(cast(tuple[int, ...], colour)): count for count, colour in colours}


def _is_transparent(image: Image.Image) -> bool:
    has_alpha = image.mode in ("RGBA", "LA", "PA")
    return has_alpha and image.convert("RGBA").getchannel("A").getextrema()[0] != 255


def _read_file(
    path: Source,
    label_set: LabelSet,
    order: str | None,
    usual_order: str | None,
    said: ColourTable,
    *,
    by_colours: bool = False,
) -> LabelMapFile:
    """`usual_order`: of a file whose palette does not show ids, where `order` says none. `said`: what its colours
    mean, and `by_colours`: even where its numbers prove to be ids."""
    for order_name in filter(None, (order, usual_order)):
        check_order(order_name, label_set)
    called = source_name(path)
    raster = load_raster(path)
    if raster.lossy:
        raise BadLabelMap(
            "{0} is a {1} file, whose lossy compression blurs label ids; save the label map as PNG.",
            as_sentence(called), raster.format.replace("MPO", "JPEG"),
        )
    notes = [note] if (note := raster.frame_note()) else []
    image = raster.turned()
    if (
        order is None
        and said  # counting colours takes a while
        and _counted_colours(image).keys() & said.keys()
        and (by_colours or not _numbers_are_ids(image, label_set, raster, called))
    ):
        return _read_colours(image, label_set, called, None, notes, said)
    if order is None and image.mode == "P":
        shows_ids = _has_own_palette(image, label_set) if usual_order is None else _has_palette_of(image, label_set)
        order = IDS if shows_ids else None
    order = order or usual_order
    if image.mode == "P" and not (order is None and _has_colours_of(image, label_set)):
        return _read_values(np.asarray(image), label_set, called, order, "indexed", notes)
    if is_grey(image):
        return _read_values(grey_values(image, raster, called), label_set, called, order, "raw", notes)
    return _read_colours(image, label_set, called, order, notes)


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
    doubt = None
    if order is None and values.size:
        order = order_in(values, label_set)
        doubt = doubt_of(values, label_set) if order is None else None
        notes = notes if order is None else [*notes, Message("read in the order of {0}", order)]
        if order is None and doubt is None and may_count_from_one(values, label_set):
            notes = [*notes, PERHAPS_FROM_ONE]
    if order == FROM_ONE:
        values, order = counted_from_zero(values, label_set, as_sentence(called)), IDS
    if order is not None and order != IDS:
        wrong_values = np.setdiff1d(values, (*range(len(ORDERS[order])), *UNLABELLED)).astype(np.int64)
        if wrong_values.size:
            raise BadLabelMap(_wrong_sentence(wrong_values, order, len(ORDERS[order]), called))
    ids = ids_of(values, label_set, order)
    check_label_map(ids, label_set, called)
    return LabelMapFile(np.ascontiguousarray(ids, dtype=np.uint8), how, tuple(notes), doubt)


def _used_palette(image: Image.Image) -> dict[int, int]:
    """Number -> packed colour, of the numbers that a palette picture shows; -1 for one without a colour."""
    palette = np.asarray(image.getpalette("RGB") or [], dtype=np.uint8).reshape(-1, 3).tolist()
    used_values = [value for value, count in enumerate(image.histogram()) if count]
    return {value: packed(palette[value]) if value < len(palette) else -1 for value in used_values}


def _numbers_are_ids(image: Image.Image, label_set: LabelSet, raster: Raster, called: str) -> bool:
    """Whether no table of colours is meant for a file: its palette is in the labels' own colours, or it is grey, of
    more than one bit, and each of its values is an id."""
    if image.mode == "P":
        several = len(_used_palette(image)) > 1  # one black number alone may be anybody's
        return _has_palette_of(image, label_set) or (several and _has_own_palette(image, label_set))
    return image.mode == "L" and not _wrong_values(grey_values(image, raster, called), label_set).size


def _has_own_palette(image: Image.Image, label_set: LabelSet) -> bool:
    """Whether each number that a palette picture shows has the colour of that label."""
    own_colours = {label.id: packed(label.colour) for label in label_set.labels}
    return _used_palette(image).items() <= own_colours.items()


def _has_palette_of(image: Image.Image, label_set: LabelSet) -> bool:
    """Whether a palette is the label set's, labels that the picture does not show included, as `write_label_map` has
    it: one black number alone may be anybody's."""
    return bytes(image.getpalette("RGB") or ()).startswith(label_set.palette().tobytes())


def _has_colours_of(image: Image.Image, label_set: LabelSet) -> bool:
    """Whether the colours that a palette picture shows are labels' colours, of other ids than its numbers."""
    used_palette = _used_palette(image)
    if len(used_palette) == 1 and max(used_palette) < len(label_set):
        return False  # one colour alone, black above all, may be anybody's
    return any(table.keys() >= set(used_palette.values()) for _, table in colour_tables(label_set))


def _read_colours(
    image: Image.Image,
    label_set: LabelSet,
    called: str,
    order: str | None,
    notes: list[str],
    said: ColourTable = MappingProxyType({}),
) -> LabelMapFile:
    if _is_transparent(image):
        raise BadLabelMap("{0} has transparent pixels, which have no label; fill them first.", as_sentence(called))
    if said:
        notes = [*notes, Message("read with a table of its colours")]
    elif image.mode == "P":
        notes = [*notes, Message("the palette's numbers are not label ids, so its colours were read instead")]
    image = image.convert("RGB")
    colours = image.getcolors(MAX_COLOURS)
    if colours is None:
        raise BadLabelMap(
            "{0} has more than {1} colours, so it is no label map but a photo; choose a label map, or open it as a "
            "photo.",
            as_sentence(called), MAX_COLOURS,
        )
    counts = {packed(cast(tuple[int, ...], colour)): count for count, colour in colours}
    tables = colour_tables(label_set, said)
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
