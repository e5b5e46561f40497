"""Make the sheet beside weights: `python -m tools.make_card_sheet --weights sean-faces --data FOLDER [--split val]`.

Nothing from a data set is ever committed, and a real photograph, or a label map of one, is a data-set picture. So
there are these sheets:

- `samples.png` in the weights' folder, which is committed: painted pictures and label maps drawn by code only. Its
  top row are reconstructions, which show how near the network comes to photographs that are not shown; the grid
  below are our templates (rows) in the mean style and in the styles of those pictures (columns).
- with `--variations LABEL ...`: `variations.png` beside it, committed too: rows of templates in which only that
  label's style is drawn anew.
- with `--real RUN_FOLDER/sheet.png`: real / reconstruction / swapped styles, for the eyes of who trains. It is
  refused outside `runs/` and the system's temporary folder if it would lie inside this repository.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from engine.data.labelled import LabelledFolder
from engine.errors import BadRequest
from engine.files import resource, root
from engine.labels.label_maps import read_label_map
from engine.labels.label_sets import LabelSet, load_label_set
from engine.metrics.sheet import reconstruction_sheet, shipped_sheet, variation_sheet
from engine.session import Session
from engine.weights.store import SAMPLES_FILE, find_weights

SHOWN = {
    "faces": ("portrait-long-hair", "portrait-short-hair", "portrait-fringe", "portrait-laughing", "portrait-turned"),
    "street": ("street-avenue", "street-houses", "street-park", "street-suburb", "street-crossing"),
    "facades": ("facade-apartments", "facade-shops", "facade-palace", "facade-shutters", "facade-modern"),
}


def templates(label_set: LabelSet, names: Sequence[str] = ()) -> list[tuple[str, np.ndarray]]:
    """(title, label map) of the templates of a label set, in their order; all of them or those named."""
    folder = resource("templates")
    listed = json.loads((folder / "templates.json").read_text(encoding="utf-8"))
    return [
        (row["title"], read_label_map(folder / row["file"], label_set).label_map)
        for row in listed["templates"]
        if load_label_set(row["label_set"]).same_labels(label_set) and (not names or row["id"] in names)
    ]


def check_private(path: Path) -> None:
    """Refuse to write a sheet with photographs where git would see it. Raises BadRequest."""
    inside = root().resolve() in path.resolve().parents
    if inside and (root() / "runs").resolve() not in path.resolve().parents:
        raise BadRequest('A sheet with data-set pictures may not be written to "{0}"; put it into runs/.', path)


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", required=True, help="name or folder")
    parser.add_argument("--data", required=True, type=Path, help="dataset folder")
    parser.add_argument("--split", default="val")
    parser.add_argument("--styles", nargs="*", help="stems that lend their styles; five different ones if left out")
    parser.add_argument("--templates", nargs="*", help="ids of the rows")
    parser.add_argument("--out", type=Path, help=f"where the committed sheet goes; {SAMPLES_FILE} of the weights")
    parser.add_argument("--real", type=Path, help="also write the sheet with photographs, into runs/")
    parser.add_argument("--variations", nargs="*", help="also the sheet of variations of these labels (hair, sky ...)")
    parser.add_argument("--rows", type=int, default=8, help="rows of that one")
    parser.add_argument("--device", default="cpu")
    given = parser.parse_args()
    painter = Session(given.device).painter(given.weights)
    data = LabelledFolder(given.data, given.split, painter.config.resolution)
    if given.real is not None:
        check_private(given.real)
        given.real.parent.mkdir(parents=True, exist_ok=True)
        reconstruction_sheet(painter, data, given.real, given.rows)
    shown = given.templates or [name for names in SHOWN.values() for name in names]
    drawn = templates(painter.label_set, shown)
    sheet = given.out or find_weights(given.weights) / SAMPLES_FILE
    title = f"{painter.card.name}, {painter.config.resolution} x {painter.config.resolution}."
    shipped_sheet(painter, data, drawn, sheet, styles=given.styles or 5, title=title)
    if given.variations:
        labels = [painter.label_set.find(label) for label in given.variations]
        variation_sheet(painter, data, drawn, sheet.with_name("variations.png"), labels=labels, title=title)


if __name__ == "__main__":
    main()
