"""`tessera data`: what is in a dataset folder, and what is wrong with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.cli.common import CHECK_FAILED, cancelling, check_target, progress, say, say_json

if TYPE_CHECKING:
    from engine.data.findings import Report

SHOWN = 10


def data(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A folder with images/ and labels/.")],
    make: Annotated[
        bool, typer.Option("--make", help="Write classes.json and splits.json if they are missing.")
    ] = False,
    label_set: Annotated[
        str | None, typer.Option("--label-set", help="With --make: the label set of the maps (name or file).")
    ] = None,
    validation: Annotated[
        float, typer.Option("--validation", min=0.0, max=0.9, help="With --make: share of pairs kept for validation.")
    ] = 0.1,
    quick: Annotated[bool, typer.Option("--quick", help="Read only the headers of pictures.")] = False,
    all_names: Annotated[bool, typer.Option("--all", help="Name every file, not the first ten of a kind.")] = False,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the report there too; - is stdout.")
    ] = None,
) -> None:
    """Report on a dataset folder: pairs, sizes, labels, duplicates, near-empty maps and broken files, by name.

    Nothing is changed unless --make is given, and then only missing files are written. Exit code 1 if the folder
    cannot be trained on as it is.
    """
    to_stdout = json_file is not None and str(json_file) == "-"
    if json_file is not None and not to_stdout:
        check_target(json_file, (".json",))

    from engine.data.kinds import inspect_folder
    from engine.data.make import make_files
    from engine.files import write_text

    with progress("reading", quiet=to_stdout) as report, cancelling() as cancel:
        found = inspect_folder(folder, quick=quick, on_progress=report, cancel=cancel)
        written = make_files(folder, found, label_set=label_set, validation=validation) if make else []
        if written:
            found = inspect_folder(folder, quick=quick, on_progress=report, cancel=cancel)
    if to_stdout:
        say_json(found.to_dict() | {"written": [str(path) for path in written]})
    else:
        for line in lines(found, shown=None if all_names else SHOWN):
            say(line)
        for path in written:
            say(f"written: {path}")
    if json_file is not None and not to_stdout:
        write_text(json_file, json.dumps(found.to_dict(), ensure_ascii=False, indent=2) + "\n")
    if found.problems or not found.seen.stems:
        raise SystemExit(CHECK_FAILED)


def lines(report: Report, shown: int | None = SHOWN) -> list[str]:
    """The report for people; no more than `shown` names of a kind."""
    from engine.data.findings import KINDS

    labels = f"{report.labels} labels ({report.label_set})" if report.label_set else "no classes.json"
    text = [
        f"{report.folder}: {_count(report.pairs, 'pair')} ({_count(report.pictures, 'picture')}, "
        f"{_count(report.label_maps, 'label map')}), {labels}"
    ]
    if report.layout == "classes":
        text = [f"{report.folder}: {_count(report.pictures, 'picture')} in {_count(report.labels, 'class', 'es')}"]
    for title, counts in (("pictures", report.picture_sizes), ("label maps", report.map_sizes)):
        if counts:
            common = ", ".join(f"{size} ({number})" for size, number in counts.most_common(4))
            text.append(f"{title}: {common}" + (f" and {len(counts) - 4} more sizes" if len(counts) > 4 else ""))
    if report.modes:
        text.append("modes: " + ", ".join(f"{mode} ({number})" for mode, number in report.modes.most_common()))
    if report.splits:
        text.append("splits: " + ", ".join(f"{name} {number}" for name, number in report.splits.items()))
    for name, share in sorted(report.label_shares.items(), key=lambda item: -item[1]):
        number = report.label_pictures.get(name)
        text.append(f"  {share:7.2%}  {name}" + ("" if number is None else f"  (in {number})"))
    for kind, found in report.by_kind().items():
        text.append(f"{KINDS[kind]}: {len(found)}")
        text += [f"  {f'{finding.file} {finding.what}'.strip()}" for finding in found[:shown]]
        if shown is not None and len(found) > shown:
            text.append(f"  and {len(found) - shown} more (--all names them)")
    return text


def _count(number: int, what: str, plural: str = "s") -> str:
    return f"{number} {what}{'' if number == 1 else plural}"
