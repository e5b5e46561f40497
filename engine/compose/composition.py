"""Photo + changes -> picture, at any size, strip by strip: every sample that no change touches is the photo's own.

What a change needs at a pixel is enlarged from its small arrays by linear interpolation, whole rows of the box at a
time, so a picture composed in strips is the picture composed at once, bit for bit. Memory beside the picture itself is
a few strips.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np

from engine.compose.change import RegionChange, colour_change, unmixed
from engine.compose.samples import as_colours, check_samples, opaque, write_colours
from engine.compose.sharing import Claim

Array = np.ndarray
Report = Callable[[float], None]
"""Called with the share done, 0..1, after each strip; it may raise to stop."""

STRIP_PIXELS = 100_000
"""Pixels of a strip: some 10 MB of working memory for each thread."""


@dataclass(frozen=True)
class FrameChanges:
    """The changes of one frame of a photo.

    label_map: (h, w) uint8 label ids of the whole photo as the frame has them, any size; read by the nearest pixel.
    changes: at most one per label; those of strength 0 do nothing. claim: what the frame has of the photo; None: all
    that no frame with a claim changes.
    """

    label_map: Array
    changes: Sequence[RegionChange]
    claim: Claim | None = None


def compose(
    samples: Array,
    label_map: Array,
    changes: Sequence[RegionChange],
    *,
    report: Report | None = None,
    strip_pixels: int = STRIP_PIXELS,
    threads: int = 2,
) -> Array:
    """The photo with the changes of one frame: as `compose_frames`."""
    frame = FrameChanges(label_map, changes)
    return compose_frames(samples, [frame], report=report, strip_pixels=strip_pixels, threads=threads)


def compose_frames(
    samples: Array,
    frames: Sequence[FrameChanges],
    *,
    report: Report | None = None,
    strip_pixels: int = STRIP_PIXELS,
    threads: int = 2,
) -> Array:
    """The photo with the changes of all its frames.

    Args:
        samples: (H, W) or (H, W, 2..4) uint8 or uint16, see `engine.compose.samples`; it is not written to.
        frames: where two change a pixel, their claims share it out.
        report: called with progress in this thread; what it raises ends the work.
        strip_pixels: how many pixels a thread works on at once; it does not change the result.
        threads: how many strips are worked on at once; nor does this.

    Returns:
        New samples of the same shape and type. Bit for bit the photo's where no matte of a change is over 0.

    Raises:
        ValueError: these are no samples of a picture (`check_samples`).
    """
    check_samples(samples)
    result = samples.copy()
    active = [frame for frame in frames if any(change.strength > 0 for change in frame.changes)]
    height, width = samples.shape[:2]
    if not active:
        return result
    rows = max(1, strip_pixels // width)

    def work(top: int) -> int:
        bottom = min(height, top + rows)
        _compose_strip(samples, result, active, top, bottom)
        return bottom

    with ThreadPoolExecutor(threads) as pool:
        for bottom in _in_turn(pool, work, range(0, height, rows), 2 * threads):
            if report is not None:
                report(bottom / height)
    return result


def _in_turn(pool: ThreadPoolExecutor, work: Callable[[int], int], tops: Iterable[int], ahead: int) -> Iterator[int]:
    """Results in order, with only `ahead` jobs handed out: who stops listening stops the work."""
    waiting: deque[Future[int]] = deque()
    for top in tops:
        waiting.append(pool.submit(work, top))
        if len(waiting) >= ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def touched(samples: Array, label_map: Array, changes: Sequence[RegionChange]) -> Array:
    """(H, W) bool: where a change of `compose` touches the photo."""
    height, width = samples.shape[:2]
    labels = label_map[_nearest(height, label_map.shape[0])][:, _nearest(width, label_map.shape[1])]
    mask = np.zeros((height, width), bool)
    for change in changes:
        if change.strength > 0:
            window = _Window.of(change, height, width, 0, height)
            if window is not None:
                area = window.rows, window.columns
                mask[area] |= window.own(window.coverage(as_colours(samples[area]), labels[area])) > 0
    visible = opaque(samples)
    return mask if visible is None else mask & visible


def _reached(first: int, last: int, size: int, change: RegionChange) -> slice:
    """Rows of the small arrays that are interpolated for the rows first..last of `size`."""
    scale = change.base.shape[0] / size
    return slice(max(0, int(first * scale) - 1), int(last * scale) + 2)


def _nearest(size: int, source: int) -> Array:
    """Indices (size,) of the nearest of `source` pixels."""
    return np.minimum(((np.arange(size) + 0.5) * (source / size)).astype(np.int64), source - 1)


def _compose_strip(samples: Array, result: Array, frames: Sequence[FrameChanges], top: int, bottom: int) -> None:
    width = samples.shape[1]
    entries = [entry for frame in frames for entry in _parts(samples, frame, top, bottom)]
    if any(entry.is_claimed for entry in entries):
        _leave_claimed(entries, np.zeros((bottom - top, width), np.float32), top)
    total = np.zeros((bottom - top, width), np.float32)
    for entry in entries:
        total[entry.area(top)] += entry.alpha
    for entry in entries:  # mattes that overlap share their pixels
        window, alpha = entry.window, entry.alpha
        weight = alpha / np.maximum(total[entry.area(top)], 1)
        weight *= np.float32(window.change.strength)
        colours = as_colours(samples[window.rows, window.columns])
        place = result[window.rows, window.columns]
        before = colours if len(entries) == 1 else as_colours(place)
        base, mixture, added, foreign = window.fields()
        moved = colour_change(unmixed(colours, entry.coverage, mixture), base, window.change.tones, added, foreign)
        moved *= weight[..., None]
        moved += before
        mask = alpha > 0
        visible = opaque(place)
        write_colours(place, moved, mask if visible is None else mask & visible)


@dataclass
class _Part:
    """A change in some rows of the photo. coverage, alpha: (h, w) of its window, how much of a pixel is the region's
    and how much of it the change has."""

    window: _Window
    coverage: Array
    alpha: Array
    is_claimed: bool

    def area(self, top: int) -> tuple[slice, slice]:
        """Where its window lies in a strip that begins at `top`."""
        return slice(self.window.rows.start - top, self.window.rows.stop - top), self.window.columns


def _leave_claimed(entries: Sequence[_Part], claimed: Array, top: int) -> None:
    """Takes from changes without a claim what those with one have. claimed: (rows, W) zeros, of a strip from `top`."""
    for entry in entries:
        if entry.is_claimed:
            claimed[entry.area(top)] += entry.alpha
    for entry in entries:
        if not entry.is_claimed:
            entry.alpha = entry.alpha * np.maximum(1 - claimed[entry.area(top)], 0)


def _parts(samples: Array, frame: FrameChanges, top: int, bottom: int) -> Iterator[_Part]:
    """The changes of a frame that reach into the rows top..bottom."""
    height, width = samples.shape[:2]
    rows = _nearest(height, frame.label_map.shape[0])[top:bottom]
    labels = frame.label_map[rows][:, _nearest(width, frame.label_map.shape[1])]
    for change in frame.changes:
        window = _Window.of(change, height, width, top, bottom) if change.strength > 0 else None
        if window is None:
            continue
        local = slice(window.rows.start - top, window.rows.stop - top)
        coverage = window.coverage(as_colours(samples[window.rows, window.columns]), labels[local, window.columns])
        alpha = window.own(coverage)
        if frame.claim is not None:
            alpha = alpha * frame.claim.of(window.rows, window.columns, height, width)
        cut = window.cut_to(alpha > 0)
        if cut is not None:
            area = cut.within(window)
            yield _Part(cut, coverage[area], alpha[area], frame.claim is not None)


class _Window:
    """The part of a change that lies in some rows of the photo: its small arrays, enlarged.

    rows, columns: slices of the photo.
    """

    def __init__(self, change: RegionChange, full: tuple[int, int, int, int], rows: slice, columns: slice) -> None:
        self.change, self._full, self.rows, self.columns = change, full, rows, columns

    @classmethod
    def of(cls, change: RegionChange, height: int, width: int, top: int, bottom: int) -> _Window | None:
        """The window of the photo's rows top..bottom; None where the change's box does not reach."""
        share = change.box
        full = (round(share[0] * height), round(share[1] * width), round(share[2] * height), round(share[3] * width))
        first, last = max(top, full[0]), min(bottom, full[2])
        if first >= last or full[1] >= full[3]:
            return None
        rows = _reached(first - full[0], last - full[0], full[2] - full[0], change)
        reaches = np.any(change.matte.ramp[rows] > 0, axis=0)
        small = np.flatnonzero(reaches)
        if not len(small):
            return None
        scale = (full[3] - full[1]) / change.base.shape[1]  # interpolation carries a value one small pixel on
        left = max(full[1], full[1] + int((small[0] - 1) * scale))
        right = min(full[3], full[1] + int((small[-1] + 2) * scale) + 1)
        return cls(change, full, slice(first, last), slice(left, right))

    def enlarged(self, field: Array) -> Array:
        """A small array (h, w[, C]) at the window's pixels. Rows first, then columns: independent of the strip."""
        top, left, bottom, right = self._full
        at = (np.arange(self.rows.start, self.rows.stop) - top + 0.5) * (field.shape[0] / (bottom - top)) - 0.5
        at = np.clip(at, 0, field.shape[0] - 1)
        upper = np.minimum(at.astype(np.int64), max(field.shape[0] - 2, 0))
        lower = np.minimum(upper + 1, field.shape[0] - 1)
        share = (at - upper).astype(np.float32).reshape(-1, *[1] * (field.ndim - 1))
        rows = np.ascontiguousarray(field[upper] * (1 - share) + field[lower] * share, dtype=np.float32)
        count = len(rows)
        if count % 2:  # OpenCV takes rows by twos and a last one by itself, with another rounding
            rows = np.concatenate([rows, rows[-1:]])
        wide = cv2.resize(rows, (right - left, len(rows)), interpolation=cv2.INTER_LINEAR)
        return wide[:count, self.columns.start - left : self.columns.stop - left]

    def coverage(self, colours: Array, labels: Array) -> Array:
        """(h, w) float32 in 0..1, as `Matte.coverage`; colours (h, w, 3) and labels (h, w) of the window's pixels."""
        matte = self.change.matte
        packed = np.concatenate([matte.a, matte.b[..., None]], axis=-1)
        model = self.enlarged(packed)
        alpha = model[..., 3].copy()
        for channel in range(3):
            alpha += model[..., channel] * colours[..., channel]
        bounds = self.enlarged(np.stack([matte.core, matte.ramp, matte.outline], axis=-1))
        alpha = matte.held(alpha, bounds[..., 0], bounds[..., 1], bounds[..., 2])
        if matte.stepped:
            chosen = np.zeros(256, bool)
            chosen[list(matte.labels)] = True
            alpha *= chosen[labels] | self._nearest(matte.admitted)
        return alpha

    def own(self, coverage: Array) -> Array:
        """(h, w) what of `coverage` is the change's own label."""
        share = self.change.matte.share
        return coverage if share is None else coverage * self.enlarged(share)

    def _nearest(self, mask: Array) -> Array:
        """A small mask (h, w) at the window's pixels, by the nearest pixel."""
        top, left, bottom, right = self._full
        rows = _nearest(bottom - top, mask.shape[0])[self.rows.start - top : self.rows.stop - top]
        columns = _nearest(right - left, mask.shape[1])[self.columns.start - left : self.columns.stop - left]
        return mask[rows][:, columns]

    def fields(self) -> tuple[Array, Array, Array | None, Array | None]:
        """`base`, `mixture`, `added` and `foreign` of the change at the window's pixels; see `RegionChange`."""
        change = self.change
        added, foreign = (None if field is None else self.enlarged(field) for field in (change.added, change.foreign))
        return self.enlarged(change.base), self.enlarged(change.mixture), added, foreign

    def cut_to(self, mask: Array) -> _Window | None:
        """The window without the rows and columns around `mask` (h, w); None where it holds nothing."""
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        if not len(rows):
            return None
        top, left = self.rows.start, self.columns.start
        return _Window(
            self.change,
            self._full,
            slice(top + int(rows[0]), top + int(rows[-1]) + 1),
            slice(left + int(columns[0]), left + int(columns[-1]) + 1),
        )

    def within(self, outer: _Window) -> tuple[slice, slice]:
        """Where the window lies in a larger one."""
        top, left = outer.rows.start, outer.columns.start
        return (
            slice(self.rows.start - top, self.rows.stop - top),
            slice(self.columns.start - left, self.columns.stop - left),
        )
