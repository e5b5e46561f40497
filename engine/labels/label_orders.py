"""From the numbers in a label map file to ids: label orders of public data sets and tools, and numbers for "nothing".

Public sets ship their maps with numbers of their own: ADE20K counts its classes from 1 (0 is everything else), and of
Cityscapes' two numberings the one for training leaves most ids out. The same file can be read either way, one label
off, so where a file does not say which it is, the label set must (`LabelSet.order`), or somebody is asked.
"""

from __future__ import annotations

import numpy as np

from engine.errors import BadLabelMap, BadRequest, Message, one_of
from engine.labels.label_sets import LabelSet, load_label_set

Array = np.ndarray

IDS = "ids"
"""The order of files whose numbers are the label set's ids."""
FROM_ONE = "from 1"
"""The order of files that number the label set's ids from 1 on, as MATLAB counts; 0 is what has no label there."""
TRAIN_IDS = "Cityscapes trainIds"
ORDERS: dict[str, tuple[int, ...]] = {
    # number in the file -> id of the label set in `_SETS`
    "face-parsing.PyTorch": (0, 1, 6, 7, 4, 5, 3, 8, 9, 15, 2, 10, 11, 12, 17, 16, 18, 13, 14),
    "ADE20K": (150, *range(150)),
    TRAIN_IDS: (7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33),
}
"""Label orders of public sets and tools, by name, for `read_label_map(..., order=...)`."""
_SETS = {"face-parsing.PyTorch": "celebamask_hq", "ADE20K": "ade20k", TRAIN_IDS: "cityscapes"}
UNLABELLED = (255, -1)
"""Numbers that say "nothing is known here" in every set that has fewer labels."""


def orders_of(label_set: LabelSet) -> list[str]:
    """The label orders that files for a label set may have, besides its ids."""
    return [name for name, set_name in _SETS.items() if label_set.same_labels(load_label_set(set_name))]


def check_order(order: str, label_set: LabelSet) -> None:
    """Raises BadRequest for an order that is not known, or not this label set's."""
    if order in (IDS, FROM_ONE):
        return
    if order not in ORDERS:
        raise BadRequest('There is no label order "{0}"; there is {1}.', order, ", ".join((*ORDERS, FROM_ONE)))
    if order not in orders_of(label_set):
        if _SETS[order] == "celebamask_hq":
            raise BadRequest('The label order "{0}" is for faces, not for "{1}"; leave it out.', order, label_set.name)
        raise BadRequest(
            'The label order "{0}" is for the labels of {1}, not for "{2}"; leave it out.',
            order, _SETS[order], label_set.name,
        )


def order_in(values: Array, label_set: LabelSet) -> str | None:
    """The order that the numbers (H, W) of a file prove: Cityscapes' 255 stands in its training numbers alone."""
    if TRAIN_IDS not in orders_of(label_set) or int(values.max()) != 255:
        return None
    ordinary = values[values != 255]
    return TRAIN_IDS if not ordinary.size or int(ordinary.max()) < len(ORDERS[TRAIN_IDS]) else None


def doubt_of(values: Array, label_set: LabelSet) -> Message | None:
    """Why numbers (H, W) without an order could as well be another order's, as a clause; None where they could not."""
    orders = orders_of(label_set)
    highest = int(values.max())
    if "ADE20K" in orders and highest < len(ORDERS["ADE20K"]):
        return Message("ADE20K's own files count its labels from 1, with 0 for everything else")
    if TRAIN_IDS in orders and highest < len(ORDERS[TRAIN_IDS]):
        return Message("none is above {0}, so they may be Cityscapes' training numbers", len(ORDERS[TRAIN_IDS]) - 1)
    return None


PERHAPS_FROM_ONE = Message(
    'its numbers begin with 1 and were read as ids; the label order "from 1" reads them one lower'
)


def may_count_from_one(values: Array, label_set: LabelSet) -> bool:
    """Whether numbers (H, W) that are ids as they stand could as well count from 1: several, and none of them is the 0
    of the background. A close-up of a face has none either, so this is a matter for a note alone."""
    has_background = label_set[0].name.casefold() == "background"
    return has_background and int(values.min()) == 1 < int(values.max()) < len(label_set)


def counted_from_zero(values: Array, label_set: LabelSet, called: str) -> Array:
    """Numbers (H, W) of a file, called so, in the order `FROM_ONE` as ids; -1 is what has no label, and 255 stays.

    Raises BadLabelMap: there is a 0, and the label set has no label for nothing.
    """
    if label_set.ignore is None and not values.all():
        raise BadLabelMap("{0} contains 0, so its numbers do not count from 1; choose another label order.", called)
    wide_values = values.astype(np.int64)
    return np.where(np.isin(wide_values, UNLABELLED), wide_values, wide_values - 1)


def doubtful(called: str, doubt: Message, label_set: LabelSet, option: str | None) -> BadLabelMap:
    """What is raised for a file, called so, with such a `doubt_of` its numbers; option: what its order could have been
    said by."""
    orders = (*orders_of(label_set), IDS)
    if option is None:
        error = BadLabelMap(
            "{0} cannot be read for certain: {1}; save it as a PNG in the colours of its labels.", called, doubt
        )
    else:
        error = BadLabelMap(
            "{0} cannot be read for certain: {1}; say which it is by {2} ({3}), or save the map as a PNG in the "
            "colours of its labels.",
            called, doubt, option, one_of(f'"{name}"' for name in orders),
        )
    error.orders = orders
    return error


def ids_of(values: Array, label_set: LabelSet, order: str | None) -> Array:
    """(H, W) numbers of a file as ids; those that are no label's stay as they are, for `check_label_map` to name.

    255 and -1 become the label set's ignored label, and 255 the second label of a mask of two labels.
    """
    id_table = np.arange(len(label_set)) if order in (None, IDS) else np.array(ORDERS[order])
    if int(values.min()) >= 0 and int(values.max()) < len(id_table):
        return values if order in (None, IDS) else id_table[values].astype(np.uint8)
    wide_values = values.astype(np.int64)
    is_label = (wide_values >= 0) & (wide_values < len(id_table))
    ids = np.where(is_label, id_table[np.where(is_label, wide_values, 0)], wide_values)
    unlabelled_id = label_set.ignore
    if unlabelled_id is None and len(label_set) == 2 and set(np.unique(wide_values).tolist()) <= {0, 255}:
        unlabelled_id = 1
    if unlabelled_id is not None:
        ids[~is_label & np.isin(wide_values, UNLABELLED)] = unlabelled_id
    return ids
