"""Pictures that a document keeps, each with everything that made it. Plain Python, no Qt.

Equal ones are kept once. What is not starred goes, oldest first, when there are too many or they take too much
memory; starred ones never go by themselves, and take no room away from the others.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from app.document.scene import Scene

MAX_COUNT = 60  # without a star
MAX_BYTES = 192 * 1024 * 1024  # without a star
MANY_BYTES = 1024 * 1024 * 1024  # with a star: worth a word to the user


@dataclass(frozen=True, eq=False)
class Result:
    """One picture: (H, W, 3) uint8, read-only, and what made it. `number` counts up in its document, from 1."""

    scene: Scene
    pixels: np.ndarray
    number: int = 0
    starred: bool = False
    made: float = field(default_factory=time.time)  # seconds since 1970
    key: bytes = b""  # equal for equal pictures
    also: frozenset[bytes] = frozenset()  # of other details (so one at most) that paint the same picture

    @property
    def nbytes(self) -> int:
        return int(self.pixels.nbytes) + self.scene.label_map.nbytes

    def known_as(self, key: bytes) -> bool:
        """Whether this is the picture that a scene with that key makes."""
        return key == self.key or key in self.also


class Results:
    """The kept pictures of one document, oldest first. Numbers stay with their pictures."""

    def __init__(self, *, max_count: int = MAX_COUNT, max_bytes: int = MAX_BYTES) -> None:
        self.max_count = max_count
        self.max_bytes = max_bytes
        self._kept: list[Result] = []
        self._last_number = 0
        self.dropped: set[int] = set()  # the numbers of those that have gone by themselves

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def entries(self) -> tuple[Result, ...]:
        return tuple(self._kept)

    @property
    def nbytes(self) -> int:
        return sum(result.nbytes for result in self._kept)

    @property
    def starred_bytes(self) -> int:
        """What those with a star take: nothing bounds it but the user."""
        return sum(result.nbytes for result in self._kept if result.starred)

    @property
    def starred(self) -> frozenset[int]:
        """The numbers of those with a star."""
        return frozenset(result.number for result in self._kept if result.starred)

    @property
    def stars(self) -> dict[int, bool]:
        """Which there are, by number, and whether each has a star."""
        return {result.number: result.starred for result in self._kept}

    @property
    def dropped_count(self) -> int:
        return len(self.dropped)

    def same_as(self, stars: Mapping[int, bool], scene: Scene | None) -> bool:
        """Whether these are the pictures that `stars` told of once. What went by itself since does not count, nor a
        picture of `scene` that came and has no star: whoever has the scene has that."""
        if stars.keys() - self.stars.keys() - self.dropped:
            return False
        return all(
            stars.get(kept_result.number) == kept_result.starred
            or (
                kept_result.number not in stars
                and not kept_result.starred
                and scene is not None
                and kept_result.scene.same_picture(scene, but=("fingerprint",))
            )
            for kept_result in self._kept
        )

    def get(self, number: int) -> Result | None:
        return next((result for result in self._kept if result.number == number), None)

    def keep(self, scene: Scene, pixels: np.ndarray) -> tuple[Result, bool]:
        """Keeps a picture at the end. Returns it and whether it is new; an equal one stays where it is."""
        picture_key = scene.picture_key()
        for index, kept_result in enumerate(self._kept):
            if kept_result.known_as(picture_key):
                return kept_result, False
            if _looks_alike(kept_result, scene, pixels):
                self._kept[index] = kept_result = replace(kept_result, also=kept_result.also | {picture_key})
                return kept_result, False
        self._last_number += 1
        result = Result(scene.to_keep(), pixels, self._last_number, key=picture_key)
        self._kept.append(result)
        self._trim()
        return result, True

    def set_starred(self, number: int, starred: bool) -> bool:
        """Returns whether that changed anything."""
        for index, result in enumerate(self._kept):
            if result.number == number and result.starred != starred:
                self._kept[index] = replace(result, starred=starred)
                self._trim()
                return True
        return False

    def remove(self, numbers: Iterable[int]) -> tuple[Result, ...]:
        """Takes pictures out, starred or not; returns them for `put_back`."""
        numbers_gone = set(numbers)
        removed = tuple(result for result in self._kept if result.number in numbers_gone)
        self._kept = [result for result in self._kept if result.number not in numbers_gone]
        return removed

    def put_back(self, results: Iterable[Result]) -> None:
        """Puts pictures in by their numbers: deleted ones, or those that come along from the document before."""
        known_numbers = {result.number for result in self._kept}
        self._kept += [result for result in results if result.number not in known_numbers]
        self._kept.sort(key=lambda result: result.number)
        self._last_number = max([self._last_number, *(result.number for result in self._kept)])

    def put_before(self, results: Iterable[Result]) -> None:
        """Puts the pictures of a file in: they keep their numbers, and those that are here are numbered after them."""
        of_file = tuple(results)
        last_number = max((result.number for result in of_file), default=0)
        present = [replace(result, number=number) for number, result in enumerate(self._kept, last_number + 1)]
        self._kept, self._last_number = [*of_file, *present], last_number + len(present)

    def _trim(self) -> None:
        """The newest one stays, whatever it weighs: it has just been asked for."""
        removable = [result for result in self._kept[:-1] if not result.starred]
        unstarred_count = sum(not result.starred for result in self._kept)
        total_bytes = self.nbytes - self.starred_bytes
        dropped_numbers = set()
        for result in removable:
            if unstarred_count <= self.max_count and total_bytes <= self.max_bytes:
                break
            dropped_numbers.add(result.number)
            unstarred_count -= 1
            total_bytes -= result.nbytes
        if dropped_numbers:
            self.dropped |= dropped_numbers
            self._kept = [result for result in self._kept if result.number not in dropped_numbers]


def _looks_alike(known: Result, scene: Scene, pixels: np.ndarray) -> bool:
    """Whether what differs, if only the detail does, changed nothing: it does not where the map is small. A seed that
    was rolled is kept though weights without noise paint the same with it: it is part of what the user chose."""
    if known.pixels.shape != pixels.shape or not known.scene.same_picture(scene, but=("detail",)):
        return False
    return np.array_equal(known.pixels, pixels)
