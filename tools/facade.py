"""House fronts, drawn by code: label maps of the label set "facades"."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

SIDE = 256
(BACKGROUND, WALL, WINDOW, DOOR, CORNICE, SILL, BALCONY, BLIND, DECORATION, MOLDING, PILLAR, SHOP) = range(12)
Sheet = ImageDraw.ImageDraw


@dataclass(frozen=True)
class Facade:
    """A front: its place and what each storey has.

    left, right, top, bottom: the wall in pixels. storeys, columns: of windows, the ground floor not counted.
    ground: its height in pixels. shops: the ground floor is shops, otherwise windows. doors: columns with a door.
    window: width and height as shares of its cell. shutters: width of a blind on both sides, as a share.
    balconies: (storey, column) pairs, storey 0 on top. cornices, sills, moldings, pillars, gables: has them or not.
    roof: height of the band on top, in pixels.
    """

    columns: int
    storeys: int
    left: int = 12
    right: int = 244
    top: int = 34
    bottom: int = 242
    ground: int = 54
    shops: bool = False
    doors: tuple[int, ...] = (0,)
    window: tuple[float, float] = (0.46, 0.62)
    shutters: float = 0.0
    balconies: tuple[tuple[int, int], ...] = ()
    cornices: bool = True
    sills: bool = True
    moldings: bool = True
    pillars: bool = False
    gables: bool = False
    roof: int = 16


def draw_facade(front: Facade) -> np.ndarray:
    """The front's label map, (256, 256) uint8."""
    label_image = Image.new("L", (SIDE, SIDE), BACKGROUND)
    sheet = ImageDraw.Draw(label_image)
    sheet.rectangle((front.left, front.top, front.right, front.bottom), fill=WALL)
    first_storey, ground_top = front.top + front.roof, front.bottom - front.ground
    cell_height, cell_width = (ground_top - first_storey) / front.storeys, (front.right - front.left) / front.columns
    if front.pillars:
        for pillar_index in range(front.columns + 1):
            x = min(front.right - 3, max(front.left + 3, front.left + pillar_index * cell_width))
            sheet.rectangle((x - 3, first_storey, x + 3, front.bottom), fill=PILLAR)
    for storey in range(front.storeys):
        y = first_storey + storey * cell_height
        if front.moldings and storey:
            sheet.rectangle((front.left, y - 2, front.right, y + 3), fill=MOLDING)
        for column in range(front.columns):
            x, gable = front.left + column * cell_width, front.gables and storey == 1
            _draw_window(sheet, front, x, y, cell_width, cell_height, gable=gable)
    for storey, column in front.balconies:
        x, y = front.left + column * cell_width, first_storey + storey * cell_height
        sheet.rectangle(
            (x + 0.06 * cell_width, y + 0.62 * cell_height, x + 0.94 * cell_width, y + 0.98 * cell_height), fill=BALCONY
        )
    _draw_ground(sheet, front, ground_top, cell_width)
    if front.roof:
        sheet.rectangle((front.left - 2, front.top, front.right + 2, front.top + front.roof - 3), fill=MOLDING)
    return np.asarray(label_image, np.uint8).copy()


def _draw_window(
    sheet: Sheet, front: Facade, x: float, y: float, cell_width: float, cell_height: float, *, gable: bool
) -> None:
    window_width, window_height = front.window[0] * cell_width, front.window[1] * cell_height
    left, top = x + (cell_width - window_width) / 2, y + 0.56 * (cell_height - window_height)
    right, bottom = left + window_width, top + window_height
    sheet.rectangle((left, top, right, bottom), fill=WINDOW)
    if front.shutters:
        for blind_left in (left - front.shutters * cell_width, right + 1):
            sheet.rectangle((blind_left, top, blind_left + front.shutters * cell_width - 1, bottom), fill=BLIND)
    if front.cornices:
        sheet.rectangle((left - 3, top - 7, right + 3, top - 3), fill=CORNICE)
    if gable:
        sheet.polygon([(left - 3, top - 8), ((left + right) / 2, top - 15), (right + 3, top - 8)], fill=DECORATION)
    if front.sills:
        sheet.rectangle((left - 3, bottom + 1, right + 3, bottom + 5), fill=SILL)


def _draw_ground(sheet: Sheet, front: Facade, ground_top: float, cell_width: float) -> None:
    sheet.rectangle((front.left, ground_top - 3, front.right, ground_top + 4), fill=MOLDING)
    for column in range(front.columns):
        x = front.left + column * cell_width
        if column in front.doors:
            sheet.rectangle((x + 0.24 * cell_width, ground_top + 16, x + 0.76 * cell_width, front.bottom), fill=DOOR)
        elif front.shops:
            sheet.rectangle(
                (x + 0.08 * cell_width, ground_top + 10, x + 0.92 * cell_width, front.bottom - 5), fill=SHOP
            )
        else:
            sheet.rectangle(
                (x + 0.27 * cell_width, ground_top + 15, x + 0.73 * cell_width, front.bottom - 14), fill=WINDOW
            )
            if front.sills:
                sheet.rectangle(
                    (x + 0.21 * cell_width, front.bottom - 13, x + 0.79 * cell_width, front.bottom - 9), fill=SILL
                )


FACADES = {
    "facade-apartments": Facade(6, 4, doors=(2,), ground=48),
    "facade-shops": Facade(5, 3, shops=True, doors=(4,), ground=58, balconies=((1, 1), (1, 2), (1, 3))),
    "facade-palace": Facade(
        7, 3, left=4, right=252, top=24, bottom=248, ground=66, doors=(3,), pillars=True, gables=True, roof=24,
        window=(0.48, 0.6), balconies=((1, 3),),
    ),
    "facade-shutters": Facade(
        4, 2, left=28, right=228, top=52, bottom=240, ground=70, doors=(1,), shutters=0.16, window=(0.36, 0.6),
        cornices=False, roof=12,
    ),
    "facade-modern": Facade(
        5, 5, top=18, bottom=246, ground=36, doors=(0,), moldings=False, cornices=False, sills=False, roof=0,
        window=(0.62, 0.52), balconies=tuple((storey, column) for storey in range(5) for column in (1, 3)),
    ),
}  # fmt: skip
