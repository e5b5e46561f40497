"""Make the sheet beside weights: `python -m tools.make_card_sheet --weights sean-faces --data FOLDER [--split val]`.

Nothing from a data set is ever committed, and a real photograph, or a label map of one, is a data-set picture. So
there are these sheets:

- `samples.png` in the weights' folder, which is committed: painted pictures and label maps drawn by code only. Its
  top row are reconstructions, which show how near the network comes to photographs that are not shown; the grid
  below are our templates (rows) in the mean style and in the styles of those pictures (columns).
- with `--variations LABEL ...`: `variations.png` beside it, committed too: rows of templates in which only that
  label gets new styles.
- with `--real RUN_FOLDER/sheet.png`: real / reconstruction / swapped styles, for those who train the weights. It is
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
from engine.evaluation.card_sheet import reconstruction_sheet, shipped_sheet, variation_sheet
from engine.files import resource, root
from engine.labels.label_maps import read_label_map
from engine.labels.label_sets import LabelSet, load_label_set
from engine.session import Session
from engine.weights.folder import SAMPLES_FILE, VARIATIONS_FILE, sheet_file
from engine.weights.store import find_weights

SHOWN = {
    "faces": ("portrait-long-hair", "portrait-short-hair", "portrait-fringe", "portrait-laughing", "portrait-turned"),
    "street": ("street-avenue", "street-houses", "street-park", "street-suburb", "street-crossing"),
    "facades": ("facade-apartments", "facade-shops", "facade-palace", "facade-shutters", "facade-modern"),
}


def templates(label_set: LabelSet, template_ids: Sequence[str] = ()) -> list[tuple[str, np.ndarray]]:
    """(title, label map) of the templates of a label set, in their order; all of them or those named."""
    folder = resource("templates")
    template_list = json.loads((folder / "templates.json").read_text(encoding="utf-8"))
    return [
        (template_row["title"], read_label_map(folder / template_row["file"], label_set).label_map)
        for template_row in template_list["templates"]
        if load_label_set(template_row["label_set"]).same_labels(label_set)
        and (not template_ids or template_row["id"] in template_ids)
    ]


def check_private(path: Path) -> None:
    """Refuse to write a sheet with photographs where git would see it. Raises BadRequest."""
    in_repository = root().resolve() in path.resolve().parents
    if in_repository and (root() / "runs").resolve() not in path.resolve().parents:
        raise BadRequest('A sheet with data-set pictures may not be written to "{0}"; put it into runs/.', path)


def main() -> None:
    """Write the sheet of one set of weights, and those that were asked for beside it."""
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
    options = parser.parse_args()
    painter = Session(options.device).painter(options.weights)
    data = LabelledFolder(options.data, options.split, painter.config.resolution)
    if options.real is not None:
        check_private(options.real)
        options.real.parent.mkdir(parents=True, exist_ok=True)
        reconstruction_sheet(painter, data, options.real, options.rows)
    shown_ids = options.templates or [template_id for template_ids in SHOWN.values() for template_id in template_ids]
    drawn_templates = templates(painter.label_set, shown_ids)
    weights_folder = find_weights(options.weights)
    sheet_path = options.out or sheet_file(weights_folder, painter.card)
    title = f"{painter.card.name}, {painter.config.resolution} x {painter.config.resolution}."
    shipped_sheet(painter, data, drawn_templates, sheet_path, styles=options.styles or 5, title=title)
    if options.variations:
        labels = [painter.label_set.find(label) for label in options.variations]
        variations_path = (
            options.out.with_name(VARIATIONS_FILE)
            if options.out
            else sheet_file(weights_folder, painter.card, VARIATIONS_FILE)
        )
        variation_sheet(painter, data, drawn_templates, variations_path, labels=labels, title=title)


if __name__ == "__main__":
    main()
