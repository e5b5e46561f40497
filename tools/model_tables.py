"""Put measured weights into docs/models.md: `python -m tools.model_tables METRICS.json weights/NAME ...`.

The files are those of `tessera evaluate --json`; a folder of weights gives what its card has (tools/finish_card.py puts
it there). Everything between the two marks in the document is replaced.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from engine.errors import BadFile
from engine.evaluation.table import tables
from engine.files import root, write_text
from engine.weights.card import read_card

DOCUMENT = root() / "docs" / "models.md"
START, END = "<!-- tables:", "<!-- /tables -->"


def with_tables(document: str, tables_text: str) -> str:
    """The document with `tables_text` between its marks. Raises BadFile if it has none."""
    text_before, start_mark, text_after = document.partition(START)
    mark_end, _, after_mark = text_after.partition("\n")
    if not start_mark or END not in after_mark:
        raise BadFile('The document has no "{0} ... -->" and "{1}"; put them in.', START, END)
    return f"{text_before}{start_mark}{mark_end}\n\n{tables_text.strip()}\n\n{END}{after_mark.split(END, 1)[1]}"


def measured_in(metrics_path: Path, split: str) -> list[dict[str, Any]]:
    """The metrics in a file of --json, or of a split in the card of a folder of weights. Raises BadFile: none there."""
    if metrics_path.is_dir():
        metrics = read_card(metrics_path).metrics.get(split, {})
        if "weights" not in metrics:
            raise BadFile(
                'The card in "{0}" has no measured split "{1}"; put it in with tools/finish_card.py.',
                metrics_path, split,
            )
        return [metrics]
    metrics_json = json.loads(metrics_path.read_text(encoding="utf-8"))
    return metrics_json if isinstance(metrics_json, list) else [metrics_json]


def main() -> None:
    """Write the tables of the measured weights into the document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("metrics", nargs="+", type=Path)
    parser.add_argument("--split", default="val", help="of the cards; val unless given")
    options = parser.parse_args()
    measured = [metrics for metrics_path in options.metrics for metrics in measured_in(metrics_path, options.split)]
    write_text(DOCUMENT, with_tables(DOCUMENT.read_text(encoding="utf-8"), tables(measured)))


if __name__ == "__main__":
    main()
