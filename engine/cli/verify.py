"""`tessera verify`: does every network still compute the golden numbers?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from engine.cli.common import CHECK_FAILED, JsonFlag, announce, progress, say, say_json, tell


def verify(
    cases: Annotated[
        list[Path], typer.Argument(metavar="FOLDER_OR_CASE...", help="Folders of cases, or NAME.json files.")
    ],
    as_json: JsonFlag = False,
) -> None:
    """Run golden cases: NAME, the largest absolute difference and seconds for each, one line a case.

    Exit code 1 if a difference is over 1e-4 or a case is of a kind that is not yet supported (its
    difference reads "nan").
    """
    from engine.golden.verify import TOLERANCE, find_cases, run_case

    files = find_cases(cases)
    results = []
    width = max((len(file.stem) for file in files), default=0)
    if not as_json:  # on stderr, so that every line of the answer is a case
        announce(f"{'case':<{width}}  {'difference':<10}  seconds")
    with progress("verifying", quiet=as_json) as report:
        for number, file in enumerate(files):
            report(number / len(files), file.stem)
            result = run_case(file)
            results.append(result)
            if not as_json:
                say(f"{result.name:<{width}}  {result.max_abs_diff:<10.3g}  {result.seconds:7.2f}")
                if result.problem:
                    tell([f"{result.name}: {result.problem}"])
    failed = [r.name for r in results if not r.max_abs_diff <= TOLERANCE]  # nan fails too
    if as_json:
        say_json(
            {
                "tolerance": TOLERANCE,
                "failed": failed,
                "cases": [
                    {
                        "name": r.name,
                        "max_abs_diff": None if r.max_abs_diff != r.max_abs_diff else r.max_abs_diff,
                        "seconds": r.seconds,
                        "problem": r.problem or None,
                    }
                    for r in results
                ],
            }
        )
    if failed:
        raise SystemExit(CHECK_FAILED)
