"""A label map file in the place of a photo's regions; the user is asked where its numbers could mean two things."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from app.controllers.context import Context
from app.dialogs.choices import Choice, ChoiceDialog
from app.dialogs.files import picture_filters
from app.jobs.photos import Photo
from app.shell.i18n import tr
from engine.errors import BadLabelMap, EngineError
from engine.labels.label_maps import read_certain_map, resize_label_map
from engine.labels.label_orders import IDS
from engine.labels.label_sets import LabelSet

if TYPE_CHECKING:
    from app.dialogs.regions import RegionsDialog


def load_map(context: Context, dialog: RegionsDialog, photo: Photo, label_set: LabelSet) -> None:
    """Ask for a label map file of the photo and put it into the dialog, at the photo's size."""
    map_path = context.ask.open("map", tr("Label map of this photo"), picture_filters())
    if map_path is not None:
        height, width = photo.pixels.shape[:2]
        _read(context, dialog, map_path, label_set, (height, width))


def _read(
    context: Context,
    dialog: RegionsDialog,
    map_path: Path,
    label_set: LabelSet,
    size: tuple[int, int],
    order: str | None = None,
) -> None:
    def fail(error: EngineError) -> None:
        if not isinstance(error, BadLabelMap) or not error.orders:
            context.core.hub.error(error)
            return
        question = order_question(map_path.name, error.orders, label_set, dialog)
        question.chosen.connect(lambda said: _read(context, dialog, map_path, label_set, size, said))
        question.open()

    reading = context.core.submit(
        lambda work: resize_label_map(read_certain_map(map_path, label_set, order=order).label_map, *size),
        text=tr("Reading {0}").format(map_path.name),
        on_done=dialog.take_map,
        on_failed=fail,
    )
    dialog.wait_for(reading)
    dialog.finished.connect(lambda _: reading.cancel())


def order_question(
    file_name: str, orders: tuple[str, ...], label_set: LabelSet, parent: RegionsDialog
) -> ChoiceDialog:
    """What the numbers of a label map file mean; ``chosen`` tells the order's name."""
    choices = [
        Choice(order, "map", tr("Numbers and colours of {0}").format(label_set.name), tr("The numbers are its labels'"))
        if order == IDS
        else Choice(order, "map", tr("Order of {0}").format(order), tr("Numbered as its own files are"))
        for order in orders
    ]
    question = tr("The numbers in {0} can mean two things. Which are they?").format(file_name)
    return ChoiceDialog(tr("Label map"), question, choices, parent=parent)
