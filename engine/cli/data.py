"""`tessera data`: what is in a dataset folder, and what is wrong with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.cli.common import CHECK_FAILED, announce, cancelling, check_json_file, progress, say, say_json

if TYPE_CHECKING:
    from engine.data.findings import Report
    from engine.data.kinds import DataKind

SHOWN = 10

ParserName = Annotated[
    str | None,
    typer.Option("--parse", metavar="WEIGHTS", help="First give pictures without a label map one, by this parser."),
]
Sure = Annotated[
    float | None,
    typer.Option("--sure", min=0.0, max=1.0, help="With --parse: the least confidence, the parser's own unless given."),
]
PerPicture = Annotated[
    int | None,
    typer.Option("--captions", min=1, max=20, help="First write so many sentences about each labelled picture."),
]
CaptionSeed = Annotated[int, typer.Option("--seed", min=0, help="With --captions: what the sentences follow from.")]
Joined = Annotated[
    list[Path] | None,
    typer.Option("--join", metavar="FOLDER", help="First write captions_boxes.json of these folders' layouts."),
]


LabelSetName = Annotated[
    str | None, typer.Option("--label-set", help="With --make: the label set of the maps (name or file).")
]
Order = Annotated[
    str | None, typer.Option("--order", help="With --label-set: how the maps number its labels (ids, ADE20K ...).")
]
Table = Annotated[
    Path | None,
    typer.Option("--table", metavar="FILE", help='Which label a colour of the maps is: {"#a01030": "lower lip"}.'),
]
Validation = Annotated[
    float, typer.Option("--validation", min=0.0, max=0.9, help="With --make: share of examples kept for validation.")
]


def data(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A folder of training data.")],
    make: Annotated[
        bool, typer.Option("--make", help="Write the lists that the folder lacks: classes.json, splits.json.")
    ] = False,
    label_set: LabelSetName = None,
    order: Order = None,
    table: Table = None,
    validation: Validation = 0.1,
    parse: ParserName = None,
    sure: Sure = None,
    captions: PerPicture = None,
    seed: CaptionSeed = 0,
    join: Joined = None,
    quick: Annotated[bool, typer.Option("--quick", help="Read only the headers of pictures.")] = False,
    all_names: Annotated[bool, typer.Option("--all", help="Name every file, not the first ten of a kind.")] = False,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the report there too; - is stdout.")
    ] = None,
) -> None:
    """Report on a dataset folder: what it holds, sizes, labels, duplicates, near-empty maps and broken files, by name.

    Nothing is changed unless --parse, --captions, --join, --make or --table is given, and then only missing files are
    written; --table is kept in classes.json, and one without colours takes it back.
    --parse goes on where it was stopped, writes parsed.json (a confidence per picture) and leaves out label maps that
    cannot be right. --captions writes captions.json, captions_stated.json (what each states) and captions_boxes.json
    (boxes of labels); --join makes one of several folders', each a domain. Exit code 1 if it cannot be trained on.
    """
    to_stdout = check_json_file(json_file, ("folder", "layout", "findings"))

    from engine.data.kinds import inspect_folder, kind_of, make_lists
    from engine.data.make import Making, keep_colours
    from engine.files import write_text
    from engine.labels.colour_tables import read_colour_table
    from engine.labels.label_sets import load_label_set

    names_shown = None if all_names else SHOWN
    _check_table(table, folder, label_set)
    if parse is not None:
        _parse(folder, parse, sure, quiet=to_stdout, names_shown=names_shown)
    if captions is not None:
        _describe(folder, captions, seed, quiet=to_stdout)
    if join:
        _join(folder, join)
    with progress("reading", quiet=to_stdout) as on_progress, cancelling() as cancel:
        kind = kind_of(folder)
        data_report = inspect_folder(folder, kind, quick=quick, on_progress=on_progress, cancel=cancel)
        written_files = make_lists(folder, kind, data_report, Making(label_set, order, validation)) if make else []
        if table is not None:
            written_files += [keep_colours(folder, read_colour_table(table, load_label_set(folder)))]
        if written_files:
            data_report = inspect_folder(folder, kind, quick=quick, on_progress=on_progress, cancel=cancel)
    if to_stdout:
        say_json(data_report.to_dict() | {"written": [str(path) for path in written_files]})
    else:
        _say_report(data_report, kind, written_files, names_shown)
    if json_file is not None and not to_stdout:
        write_text(json_file, json.dumps(data_report.to_dict(), ensure_ascii=False, indent=2) + "\n")
    if not data_report.usable:
        raise SystemExit(CHECK_FAILED)


def _check_table(table: Path | None, folder: Path, label_set: str | None) -> None:
    """Raises BadFile for a table that is wrong, before the folder is read, which takes long; where the folder's labels
    are still to be found, that shows afterwards."""
    from engine.data.make import CLASSES_FILE
    from engine.labels.colour_tables import read_colour_table
    from engine.labels.label_sets import load_label_set

    known_labels = folder if (folder / CLASSES_FILE).is_file() else label_set
    if table is not None and known_labels is not None:
        read_colour_table(table, load_label_set(known_labels))


def _say_report(report: Report, kind: DataKind, written_files: list[Path], names_shown: int | None) -> None:
    for line in described(report, kind, names_shown):
        say(line)
    if report.examples and (missing_lists := kind.missing_lists(report.folder)):
        say(f"missing: {', '.join(missing_lists)}; --make writes what is missing")
    for path in written_files:
        say(f"written: {path}")
    if report.nearest_colours:
        say(f"colours of no label, with the nearest; --table takes such a file: {json.dumps(report.nearest_colours)}")


def _parse(folder: Path, weights: str, sure: float | None, *, quiet: bool, names_shown: int | None) -> None:
    """Label the folder's pictures; one line each on stderr for what was left out."""
    from engine.cli.weights import label_set_of
    from engine.data.parse_folder import RECORD, parse_folder
    from engine.requests.parse import ParseRequest
    from engine.session import Session
    from engine.weights.card import read_card
    from engine.weights.store import find_weights

    label_set = label_set_of(weights)
    card = read_card(find_weights(weights))
    session = Session()
    session.services().shelf.serving(weights, ParseRequest)  # weights that do not parse are refused before any picture

    def label_map_of(path: Path) -> tuple[Any, float]:
        result = session.run(ParseRequest(weights=weights, path=str(path)))
        return result.label_map, result.confidence

    with progress("parsing", quiet=quiet) as on_progress, cancelling() as cancel:
        outcome = parse_folder(
            folder,
            label_map_of,
            label_set,
            weights=card.name,
            sha256=card.sha256,
            sure=card.sure_from if sure is None else sure,
            on_progress=on_progress,
            cancel=cancel,
        )
    kept = f", {len(outcome.kept)} kept" if outcome.kept else ""
    labelled_count = len(outcome.labelled_before)
    labelled = f", {_counted(labelled_count, 'picture')} had one already" if labelled_count else ""
    announce(
        f"{_counted(len(outcome.written), 'label map')} written{kept}{labelled}, {len(outcome.left_out)} left out; "
        f"{folder / RECORD} says the confidence of each"
    )
    for stem, doubt in list(outcome.left_out.items())[:names_shown]:
        announce(f"  {stem}: {doubt}")
    if names_shown is not None and len(outcome.left_out) > names_shown:
        announce(f"  and {len(outcome.left_out) - names_shown} more (--all names them)")


def _describe(folder: Path, per_picture: int, seed: int, *, quiet: bool) -> None:
    """Write sentences about the folder's pictures."""
    from engine.data.captioning.write import Captioning, caption_folder

    with progress("describing", quiet=quiet) as on_progress, cancelling() as cancel:
        paths = caption_folder(folder, Captioning(per_picture, seed), on_progress=on_progress, cancel=cancel)
    announce(f"sentences written: {', '.join(path.name for path in paths)}")


def _join(folder: Path, sources: list[Path]) -> None:
    """Write the layouts of several folders as one file. Raises BadFile, BadRequest."""
    import msgspec

    from engine.data.caption_files import LAYOUTS, join_layouts
    from engine.errors import BadFile, BadRequest
    from engine.files import make_folder, write_bytes

    names = [source.resolve().name for source in sources]
    if len(set(names)) < len(names):
        raise BadRequest("Two of the folders to join have the same name; rename one, it becomes a domain.")
    if (folder / LAYOUTS).exists():
        raise BadFile('"{0}" is there already; remove it to have it written again.', folder / LAYOUTS)
    joined = join_layouts(dict(zip(names, sources, strict=True)))
    write_bytes(make_folder(folder) / LAYOUTS, msgspec.json.encode(joined))
    announce(f"{_counted(len(joined.records), 'layout')} of {', '.join(names)} joined")


def described(report: Report, kind: DataKind, names_shown: int | None = SHOWN) -> list[str]:
    """The report for people; no more than `names_shown` names of a kind of finding."""
    report_lines = [f"{report.folder}: {', '.join(kind.summary(report))}"]
    for title, size_counts in (("pictures", report.picture_sizes), ("label maps", report.map_sizes)):
        if size_counts:
            common_sizes = ", ".join(f"{size} ({number})" for size, number in size_counts.most_common(4))
            report_lines.append(
                f"{title}: {common_sizes}" + (f" and {len(size_counts) - 4} more sizes" if len(size_counts) > 4 else "")
            )
    if report.modes:
        report_lines.append("modes: " + ", ".join(f"{mode} ({number})" for mode, number in report.modes.most_common()))
    if report.splits:
        report_lines.append("splits: " + ", ".join(f"{name} {number}" for name, number in report.splits.items()))
    for name, share in sorted(report.label_shares.items(), key=lambda item: -item[1]):
        number = report.label_pictures.get(name)
        report_lines.append(f"  {share:7.2%}  {name}" + ("" if number is None else f"  (in {number})"))
    for finding_kind, findings in report.by_kind().items():
        report_lines.append(f"{finding_kind.heading}: {len(findings)}")
        report_lines += [f"  {f'{finding.file} {finding.what}'.strip()}" for finding in findings[:names_shown]]
        if names_shown is not None and len(findings) > names_shown:
            report_lines.append(f"  and {len(findings) - names_shown} more (--all names them)")
    return report_lines


def _counted(number: int, singular: str, plural_ending: str = "s") -> str:
    return f"{number} {singular}{'' if number == 1 else plural_ending}"
