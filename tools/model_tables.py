"""Put measured weights into docs/models.md: `python -m tools.model_tables METRICS.json ...`.

The files are those of `tessera evaluate --json`. Everything between the two marks in the document is replaced.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from engine.errors import BadFile
from engine.files import root, write_text
from engine.metrics.table import tables

DOCUMENT = root() / "docs" / "models.md"
START, END = "<!-- tables:", "<!-- /tables -->"


def with_tables(document: str, table: str) -> str:
    """The document with `table` between its marks. Raises BadFile if it has none."""
    head, start, rest = document.partition(START)
    mark, _, tail = rest.partition("\n")
    if not start or END not in tail:
        raise BadFile(f'The document has no "{START} ... -->" and "{END}"; put them in.')
    return f"{head}{start}{mark}\n\n{table.strip()}\n\n{END}{tail.split(END, 1)[1]}"


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("metrics", nargs="+", type=Path)
    measured = []
    for path in parser.parse_args().metrics:
        found = json.loads(path.read_text(encoding="utf-8"))
        measured += found if isinstance(found, list) else [found]
    write_text(DOCUMENT, with_tables(DOCUMENT.read_text(encoding="utf-8"), tables(measured)))


if __name__ == "__main__":
    main()
