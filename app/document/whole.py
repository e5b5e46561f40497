"""What a document does as a whole: becoming another one, being held by a file, keeping pictures and going back to
them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from app.document.base import DocumentBase
from app.document.commands import DeleteResultsCommand
from app.document.results import Result
from app.document.state import Origin, Precision, Snapshot, State, checked_picture
from engine.errors import BadRequest
from engine.labels.label_maps import check_label_map
from engine.labels.label_sets import LabelSet
from engine.requests.render import Detail, RenderRequest
from engine.requests.styles import MAX_SEED, Style


class WholeDocument(DocumentBase):
    """Everything that concerns all of the document at once."""

    def end_stroke(self) -> None:
        """Closes the stroke that is open, if any."""
        raise NotImplementedError

    def set_path(self, path: Path | None, *, of: Origin | None = None) -> None:
        """The file that holds this document, or the one that `of` stands for. Not a step of the history."""
        origin = of if of is not None else self._state.origin
        if origin.path != path:
            origin.path = path
            if origin is self._state.origin:
                self.path_changed.emit()

    # ------------------------------------------------------------ the whole document

    def new(
        self,
        *,
        label_set: LabelSet,
        label_map: np.ndarray,
        weights: str = "",
        styles: Mapping[int, Style] | None = None,
        seed: int = 0,
        precision: Precision = "float32",
        detail: Detail = "model",
        locked: Collection[int] = (),
        style_locked: Collection[int] = (),
        photo: np.ndarray | None = None,
        picture: np.ndarray | None = None,
        path: Path | None = None,
        text: str | None = None,
        undoable: bool = True,
    ) -> None:
        """Becomes another document, held by the file `path` if any; all is checked before anything changes.

        `undoable`: the old one can be had back by undo; otherwise the history starts afresh and the document
        counts as saved (start of the application, opening a file).
        """
        check_label_map(label_map, label_set, self.tr("The new label map"))
        chosen = {self._checked(label, label_set): self._checked_style(s) for label, s in (styles or {}).items()}
        state = State(
            label_set=label_set,
            label_map=np.array(label_map, np.uint8, order="C"),
            weights=weights,
            styles={label: style for label, style in chosen.items() if style is not None},
            seed=self._checked_seed(seed),
            precision=precision,
            detail=detail,
            locked=frozenset(self._checked(label, label_set) for label in locked),
            style_locked=frozenset(self._checked(label, label_set) for label in style_locked),
            photo=checked_picture(photo),
            picture=checked_picture(picture),
            origin=Origin(path),
        )
        # Nothing saves them yet, and a star promises that they stay: they come along into the next document.
        state.origin.results.put_back(result for result in self.results if result.starred)
        self.end_stroke()
        if undoable:
            self._replace(state, text or self.tr("New document"))
            return
        self._undo.clear()
        self._put_state(state)
        self._announce()

    def restore(
        self,
        request: RenderRequest,
        *,
        label_set: LabelSet | None = None,
        picture: np.ndarray | None = None,
        path: Path | None = None,
        text: str | None = None,
        undoable: bool = True,
    ) -> None:
        """Takes everything that made a picture from its request; one step.

        `label_set`: that of the request's weights; without it, this document's. The rest as in `new`.
        """
        self.new(
            label_set=label_set or self.label_set,
            label_map=request.label_map.array(),
            weights=request.weights,
            styles=request.styles,
            seed=request.seed,
            precision=request.precision,
            detail=request.detail,
            locked=request.label_locks,
            style_locked=request.style_locks,
            picture=picture,
            path=path,
            text=text or self.tr("Restore from picture"),
            undoable=undoable,
        )

    def change_model(
        self, weights: str, styles: Mapping[int, Style], *, label_set: LabelSet | None = None, text: str | None = None
    ) -> None:
        """Paints with other weights that know the same labels, with the styles as those weights need them; one
        step. All else stays: pixels, seed, precision, detail, locks, visibility, picture.
        """
        chosen = {self._checked(label): self._checked_style(style) for label, style in styles.items()}
        self.end_stroke()
        state = replace(
            self._state,
            label_set=label_set or self.label_set,
            label_map=self._state.label_map.copy(),
            weights=weights,
            styles={label: style for label, style in chosen.items() if style is not None},
        )
        self._replace(state, text or self.tr("Change weights"))

    # ------------------------------------------------------------ kept pictures

    def keep_result(self, snapshot: Snapshot, pixels: np.ndarray, label_set: LabelSet | None = None) -> Result:
        """Keeps a picture, (H, W, 3) uint8, with what made it; an equal one is kept once. Not a step of the history."""
        picture = checked_picture(pixels)
        assert picture is not None
        result, new = self._state.origin.results.keep(snapshot, label_set or self.label_set, picture)
        if new:
            self.results_changed.emit()
        return result

    def star_result(self, number: int, starred: bool) -> None:
        """A starred picture is never dropped by itself. Not a step of the history."""
        if self._state.origin.results.set_starred(number, starred):
            self.results_changed.emit()

    def delete_results(self, numbers: Iterable[int]) -> None:
        """Throws kept pictures away; one step, so that they can be had back."""
        origin = self._state.origin
        removed = origin.results.remove(numbers)
        if not removed:
            return
        self.results_changed.emit()
        one = self.tr("Delete picture {0}").format(removed[0].number)
        text = one if len(removed) == 1 else self.tr("Delete {0} pictures").format(len(removed))
        self._push(DeleteResultsCommand(self, origin, removed, text))

    def recall_result(self, number: int, styles: Mapping[int, Style] | None = None) -> bool:
        """Becomes what made a kept picture, weights and all; one step. Locks stay as they are now. False where it is
        that already. `styles`: in place of its own, whose codes may be of weights that are no more.
        """
        result = self._state.origin.results.get(number)
        if result is None or result.snapshot.same_as(self.snapshot()):
            return False
        self.end_stroke()
        snapshot, old = result.snapshot, self._state
        same = result.label_set.same_labels(old.label_set)
        none: frozenset[int] = frozenset()
        photo = old.photo if old.photo is not None and old.photo.shape[:2] == snapshot.label_map.shape else None
        state = State(
            label_set=result.label_set,
            label_map=np.array(snapshot.label_map, np.uint8, order="C"),
            weights=snapshot.weights,
            styles=dict(snapshot.styles if styles is None else styles),
            seed=snapshot.seed,
            precision=snapshot.precision,
            detail=snapshot.detail,
            locked=old.locked if same else none,
            hidden=old.hidden if same else none,
            style_locked=old.style_locked if same else none,
            photo=photo,
            picture=result.pixels,
            origin=old.origin,
        )
        self._replace(state, self.tr("Bring back picture {0}").format(result.number))
        return True

    # ------------------------------------------------------------ inside

    def _checked_seed(self, seed: int) -> int:
        if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= MAX_SEED:
            raise BadRequest(self.tr("The seed must be a whole number from 0 to {0}.").format(MAX_SEED))
        return seed
