"""Street scenes as a driver sees them, drawn by code: label maps of the label set "street"."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

WIDTH, HEIGHT = 256, 192
SKY, BUILDING, POLE, ROAD, PAVEMENT, TREE, SIGN, FENCE, CAR, PEDESTRIAN, BICYCLIST = range(11)
Point = tuple[float, float]
Sheet = ImageDraw.ImageDraw


@dataclass(frozen=True)
class Side:
    """One side of the street, from the picture's edge to the vanishing point.

    roofs: heights of the roofs in pixels above the horizon, (distance 0 at the edge .. 1 at the vanishing point,
        height) pairs; () for no building. trees: (distance, height of the crown, its radius). fence: height at the
        edge, 0 for none. pavement: its width at the lower edge.
    """

    roofs: tuple[Point, ...] = ()
    trees: tuple[tuple[float, float, float], ...] = ()
    fence: float = 0.0
    pavement: float = 20.0


@dataclass(frozen=True)
class Street:
    """A scene: horizon and vanishing point in pixels, both sides, and what stands in it as (x, foot y, height)."""

    left: Side
    right: Side
    vanishing: Point = (128.0, 96.0)
    cars: tuple[tuple[float, float, float], ...] = ()
    people: tuple[tuple[float, float, float], ...] = ()
    cyclists: tuple[tuple[float, float, float], ...] = ()
    poles: tuple[tuple[float, float, float], ...] = ()
    signs: tuple[tuple[float, float, float], ...] = ()
    seed: int = 0


def draw_street(street: Street) -> np.ndarray:
    """The scene's label map, (192, 256) uint8, from the back to the front."""
    label_image = Image.new("L", (WIDTH, HEIGHT), SKY)
    sheet = ImageDraw.Draw(label_image)
    generator = np.random.default_rng(street.seed)
    vanishing_x, horizon_y = street.vanishing
    sheet.rectangle((vanishing_x - 60, horizon_y - 9, vanishing_x + 60, horizon_y + 4), fill=TREE)
    sheet.polygon(
        [(vanishing_x - 3, horizon_y), (vanishing_x + 3, horizon_y), (WIDTH + 60, HEIGHT + 30), (-60, HEIGHT + 30)],
        fill=ROAD,
    )
    for side, edge_x in ((street.left, 0.0), (street.right, float(WIDTH))):
        _draw_side(sheet, street, side, edge_x, generator)
    for centre_x, foot, height in street.poles:
        sheet.line([(centre_x, foot), (centre_x, foot - height)], fill=POLE, width=max(2, round(height / 45)))
    for centre_x, foot, size in street.signs:
        sheet.line([(centre_x, foot), (centre_x, foot - 3 * size)], fill=POLE, width=2)
        sheet.rounded_rectangle(
            (centre_x - size / 2, foot - 4 * size, centre_x + size / 2, foot - 2.7 * size), 2, fill=SIGN
        )
    for centre_x, foot, height in sorted(street.cars, key=lambda car: car[1]):
        _draw_car(sheet, centre_x, foot, height)
    for centre_x, foot, height in street.people:
        _draw_person(sheet, centre_x, foot, height, PEDESTRIAN)
    for centre_x, foot, height in street.cyclists:
        _draw_person(sheet, centre_x, foot - 0.12 * height, 0.88 * height, BICYCLIST)
        sheet.ellipse((centre_x - 0.07 * height, foot - 0.36 * height, centre_x + 0.07 * height, foot), fill=BICYCLIST)
    return np.asarray(label_image, np.uint8).copy()


def _draw_side(sheet: Sheet, street: Street, side: Side, edge_x: float, generator: np.random.Generator) -> None:
    vanishing_x, horizon_y = street.vanishing
    inward_sign = 1 if edge_x == 0 else -1

    def at(distance: float, height_above: float) -> Point:
        return edge_x + (vanishing_x - edge_x) * distance, horizon_y - height_above

    kerb_point = (edge_x + inward_sign * side.pavement, float(HEIGHT))
    wall_depth = HEIGHT * 0.78 - horizon_y  # how far below the horizon houses stand at the picture's edge
    if side.roofs:
        roofs = [at(distance, height) for distance, height in side.roofs]
        roof_end = side.roofs[-1][0]
        sheet.polygon(
            [at(0, side.roofs[0][1]), *roofs, at(roof_end, -wall_depth * (1 - roof_end)), at(0, -wall_depth)],
            fill=BUILDING,
        )
    for distance, height, radius in side.trees:
        trunk_foot = at(distance, -wall_depth * (1 - distance))
        crown = at(distance, height)
        sheet.line([trunk_foot, crown], fill=TREE, width=max(2, round(radius / 7)))
        for _ in range(26):
            angle, distance_out = generator.uniform(0, 2 * np.pi), radius * np.sqrt(generator.uniform(0, 1))
            leaf_radius = radius * generator.uniform(0.25, 0.5)
            leaf_x, leaf_y = crown[0] + distance_out * np.cos(angle), crown[1] + 0.8 * distance_out * np.sin(angle)
            sheet.ellipse(
                (leaf_x - leaf_radius, leaf_y - leaf_radius, leaf_x + leaf_radius, leaf_y + leaf_radius), fill=TREE
            )
    if side.fence:
        sheet.polygon(
            [at(0, side.fence - wall_depth), at(0.9, side.fence / 10), at(0.9, -3), at(0, -wall_depth)], fill=FENCE
        )
    sheet.polygon([at(0, -wall_depth), at(0.97, -1), at(0.99, -2), kerb_point, (edge_x, HEIGHT)], fill=PAVEMENT)


def _draw_car(sheet: Sheet, x: float, foot: float, height: float) -> None:
    half_width, top = 0.62 * height, foot - height
    sheet.rounded_rectangle(
        (x - half_width, foot - 0.62 * height, x + half_width, foot - 0.08 * height), height / 8, fill=CAR
    )
    sheet.polygon(
        [(x - 0.8 * half_width, foot - 0.55 * height), (x - 0.55 * half_width, top), (x + 0.55 * half_width, top),
         (x + 0.8 * half_width, foot - 0.55 * height)], fill=CAR,
    )  # fmt: skip
    for side in (-1, 1):
        wheel_x = x + side * 0.74 * half_width
        sheet.rectangle((wheel_x - 0.1 * height, foot - 0.2 * height, wheel_x + 0.1 * height, foot), fill=CAR)


def _draw_person(sheet: Sheet, x: float, foot: float, height: float, label: int) -> None:
    head_radius, top = 0.075 * height, foot - height
    sheet.ellipse((x - head_radius, top, x + head_radius, top + 0.17 * height), fill=label)
    shoulder, hip = 0.14 * height, 0.09 * height
    sheet.polygon(
        [(x - 0.6 * shoulder, top + 0.17 * height), (x + 0.6 * shoulder, top + 0.17 * height),
         (x + shoulder, top + 0.36 * height), (x + hip, top + 0.55 * height), (x + 1.1 * hip, foot),
         (x + 0.2 * hip, foot), (x, top + 0.62 * height), (x - 0.2 * hip, foot), (x - 1.1 * hip, foot),
         (x - hip, top + 0.55 * height), (x - shoulder, top + 0.36 * height)],
        fill=label,
    )  # fmt: skip


HOUSES = ((0.0, 120.0), (0.45, 110.0), (0.6, 62.0), (0.72, 48.0), (0.74, 36.0), (0.9, 16.0))
ROW = ((0.0, 74.0), (0.2, 66.0), (0.21, 78.0), (0.36, 60.0), (0.37, 50.0), (0.55, 40.0), (0.56, 46.0), (0.75, 24.0))
LOW = ((0.0, 46.0), (0.12, 62.0), (0.24, 40.0), (0.25, 33.0), (0.34, 46.0), (0.44, 30.0), (0.45, 22.0), (0.8, 9.0))
AVENUE = ((0.05, 62.0, 46.0), (0.35, 48.0, 34.0), (0.6, 30.0, 22.0), (0.78, 18.0, 13.0))
PARK = ((0.0, 70.0, 52.0), (0.28, 58.0, 40.0), (0.5, 42.0, 30.0), (0.68, 26.0, 18.0), (0.82, 16.0, 12.0))

STREETS = {
    "street-avenue": Street(
        Side(HOUSES, pavement=18), Side(ROW, AVENUE, fence=22, pavement=14), (134, 100),
        cars=((206, 140, 34), (172, 118, 15)), cyclists=((116, 134, 38), (128, 126, 26)),
        poles=((110, 112, 44),), signs=((196, 116, 6),), seed=1,
    ),
    "street-houses": Street(
        Side(HOUSES, pavement=20), Side(HOUSES[:4] + ((0.9, 14.0),), pavement=17), (122, 98),
        cars=((150, 134, 27), (92, 120, 17), (128, 108, 8)), people=((40, 168, 62), (216, 150, 48), (206, 148, 44)),
        poles=((60, 150, 120), (196, 128, 70)), signs=((74, 138, 12),), seed=2,
    ),
    "street-park": Street(
        Side((), PARK, fence=16, pavement=16), Side((), PARK[1:], fence=26, pavement=21), (128, 94),
        cars=((104, 118, 18), (176, 136, 34)), cyclists=((70, 160, 60),), people=((232, 158, 56),),
        poles=((40, 150, 128),), seed=3,
    ),
    "street-suburb": Street(
        Side(LOW, ((0.42, 30.0, 18.0),), pavement=22), Side(LOW, ((0.1, 44.0, 30.0), (0.55, 26.0, 15.0)), pavement=22),
        (128, 92), cars=((66, 148, 36), (92, 126, 20), (196, 142, 32), (150, 108, 9)), people=((30, 160, 50),),
        poles=((214, 140, 96), (160, 108, 40)), signs=((184, 122, 8),), seed=4,
    ),
    "street-crossing": Street(
        Side(ROW, ((0.66, 24.0, 18.0),), pavement=14), Side(HOUSES, pavement=12), (150, 104),
        cars=((150, 132, 24), (60, 150, 38)), people=((108, 146, 40), (122, 150, 46), (182, 142, 40)),
        cyclists=((212, 168, 66),), poles=((86, 130, 70), (232, 160, 150)), signs=((94, 134, 9), (226, 150, 14)),
        seed=5,
    ),
}  # fmt: skip
