"""`tessera bench WHAT`: how fast this machine paints, measured. One command for each entry of `COMMANDS`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from engine.cli.common import CHECK_FAILED, check_target, guarded, progress, say

TOLERANCE = 1e-4


def synthesis(
    case: Annotated[
        list[str] | None,
        typer.Option(
            "--case", help='"published", "smis-published" or the name of weights; may be repeated. All unless given.'
        ),
    ] = None,
    size: Annotated[
        int | None,
        typer.Option("--size", min=8, metavar="PIXELS", help="Side of the label map; the network's own unless given."),
    ] = None,
    repeats: Annotated[int, typer.Option("--repeats", min=1, help="Pictures per edit; medians are told.")] = 5,
    json_file: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write the rows there too.")] = None,
) -> None:
    """Measure the fast renderer against the literal network, in one run.

    Prints a table: seconds of both and their ratio for a full redraw, a brush stroke and a one-label style change,
    the floor (the main path's convolutions alone), the largest difference of the pictures and peak memory. Exit
    code 1 if pictures in float32 differ by more than 1e-4.
    """
    from engine.bench.cases import all_cases, find_case
    from engine.bench.synthesis import Row, as_table, machine, measure, write_json

    if json_file is not None:
        check_target(json_file, (".json",))
    cases = [find_case(name) for name in case] if case else list(all_cases())
    rows: list[Row] = []
    with progress("measuring") as report:
        for number, one in enumerate(cases):

            def part(fraction: float, text: str, number: int = number) -> None:
                report((number + fraction) / len(cases), text)

            rows += measure(one, repeats=repeats, side=size, progress=part)
    say(machine())
    say("")
    say(as_table(rows))
    if json_file is not None:
        write_json(json_file, rows)
    if any(row.precision == "float32" and not row.max_abs_diff <= TOLERANCE for row in rows):
        raise SystemExit(CHECK_FAILED)


def table(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `tessera bench synthesis --json FILE` wrote.")],
) -> None:
    """Print the Markdown table of rows that were measured before."""
    from engine.bench.synthesis import as_table, read_json

    say(as_table(read_json(file)))


# What `tessera bench` can measure: a function per entry, its parameters typer's, heavy imports inside. The
# measuring itself belongs into engine/bench.
COMMANDS: dict[str, Callable[..., None]] = {
    "synthesis": synthesis,
    "table": table,
}

app = typer.Typer(help="Measure how fast this machine paints.", no_args_is_help=True)
for _name, _function in COMMANDS.items():
    app.command(_name)(guarded(_function))
