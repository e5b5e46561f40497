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
    """Run golden cases: NAME, the largest absolute difference and seconds for each, one line per case.

    Exit code 1 if a difference is over 1e-4 or a case is of a kind that is not yet supported (its
    difference reads "nan").
    """
    from engine.golden.verify import TOLERANCE, find_cases, run_case

    case_files = find_cases(cases)
    results = []
    name_width = max((len(case_file.stem) for case_file in case_files), default=0)
    if not as_json:  # on stderr, so that every line of the answer is a case
        announce(f"{'case':<{name_width}}  {'difference':<10}  seconds")
    with progress("verifying", quiet=as_json) as on_progress:
        for case_index, case_file in enumerate(case_files):
            on_progress(case_index / len(case_files), case_file.stem)
            result = run_case(case_file)
            results.append(result)
            if not as_json:
                say(f"{result.name:<{name_width}}  {result.max_abs_diff:<10.3g}  {result.seconds:7.2f}")
                if result.problem:
                    tell([f"{result.name}: {result.problem}"])
    failed_cases = [result.name for result in results if not result.max_abs_diff <= TOLERANCE]  # nan fails too
    if as_json:
        say_json(
            {
                "tolerance": TOLERANCE,
                "failed": failed_cases,
                "cases": [
                    {
                        "name": result.name,
                        "max_abs_diff": None if result.max_abs_diff != result.max_abs_diff else result.max_abs_diff,
                        "seconds": result.seconds,
                        "problem": result.problem or None,
                    }
                    for result in results
                ],
            }
        )
    if failed_cases:
        raise SystemExit(CHECK_FAILED)
