"""`tessera bench WHAT`: how fast this machine paints, measured. One command for each entry of `COMMANDS`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from engine.cli.common import CHECK_FAILED, announce, check_target, guarded, progress, say
from engine.errors import EngineError
from engine.progress import Progress

if TYPE_CHECKING:
    from engine.bench.rows import Measured
    from engine.bench.synthesis import Row

TOLERANCE = 1e-4


def synthesis(
    case: Annotated[
        list[str] | None,
        typer.Option(
            "--case", help='A published size ("published") or the name of weights; may be repeated. All unless given.'
        ),
    ] = None,
    size: Annotated[
        int | None,
        typer.Option("--size", min=8, metavar="PIXELS", help="Side of the label map; the network's own unless given."),
    ] = None,
    repeats: Annotated[int, typer.Option("--repeats", min=1, help="Pictures per edit; the median counts.")] = 5,
    json_file: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write the rows there too.")] = None,
) -> None:
    """Measure the fast renderer against the literal network, in one run.

    Prints a table: seconds of both and their ratio for a full redraw, a brush stroke and a one-label style change,
    the floor (the main path's convolutions alone), the largest difference of the pictures and peak memory. Exit
    code 1 if pictures in float32 differ by more than 1e-4. Installed weights that cannot be measured are named and
    skipped, unless they were asked for.
    """
    from engine.bench.cases import all_names, find_case
    from engine.bench.synthesis import as_table

    _check_json_file(json_file)
    case_names, skipped_notes = (case, []) if case else all_names()
    if case:
        for case_name in case:  # before anything is measured
            find_case(case_name)
    with progress("measuring") as on_progress:
        bench_rows, failed_notes = _measure_cases(
            case_names, repeats, size, json_file, on_progress, raise_failures=bool(case)
        )
    for skipped_note in (*skipped_notes, *failed_notes):
        announce(skipped_note)
    _say_measured(as_table(bench_rows))
    if any(row.precision == "float32" and not row.max_abs_diff <= TOLERANCE for row in bench_rows):
        raise SystemExit(CHECK_FAILED)


def _measure_cases(
    case_names: Sequence[str],
    repeats: int,
    size: int | None,
    json_file: Path | None,
    on_progress: Progress,
    *,
    raise_failures: bool,
) -> tuple[list[Row], list[str]]:
    """Rows of the cases, and a line for each that could not be measured unless failures are raised."""
    from engine.bench.cases import find_case
    from engine.bench.synthesis import measure

    bench_rows: list[Row] = []
    failed_notes: list[str] = []
    for case_index, case_name in enumerate(case_names):

        def on_case_progress(fraction: float, activity: str, case_index: int = case_index) -> None:
            on_progress((case_index + fraction) / len(case_names), activity)

        try:
            bench_rows += measure(find_case(case_name), repeats=repeats, side=size, on_progress=on_case_progress)
        except (EngineError, RuntimeError, ValueError) as error:
            if raise_failures:
                raise
            failed_notes.append(f'"{case_name}" is skipped: {error}')
            continue
        _keep(json_file, bench_rows)  # after each, so that what is done is never lost
    return bench_rows, failed_notes


def table(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `bench synthesis --json FILE` wrote.")],
) -> None:
    """Print the Markdown table of rows that were measured before."""
    from engine.bench.synthesis import as_table, read_json

    say(as_table(read_json(file)))


def training(
    recipe: Annotated[
        list[str] | None,
        typer.Option("--recipe", help="A recipe; may be repeated. The one offered first unless given."),
    ] = None,
    data: Annotated[
        Path | None, typer.Option("--data", help="A dataset folder; small drawn data unless given.")
    ] = None,
    label_set: Annotated[
        str, typer.Option("--label-set", help="The labels, classes and words of drawn data.")
    ] = "faces",
    steps: Annotated[int, typer.Option("--steps", min=1, help="Steps to measure, after two to warm up.")] = 5,
    published: Annotated[
        bool,
        typer.Option("--published", help="A training step at the published widths, 128 x 128, against a literal one."),
    ] = False,
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda:0 ...")] = "cpu",
    json_file: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write the rows there too.")] = None,
) -> None:
    """Measure training: pictures per second, and the share of time in data, generator, discriminator, losses, update.

    With --published: a whole training step of a published network, which the table names, literal and as it is here,
    in turn, and the largest difference of their gradients; exit code 1 if it is above 1e-4.
    """
    _check_json_file(json_file)
    if published:
        _published_step(data, steps, json_file)
    else:
        _training_rates(recipe, data, label_set, steps, device, json_file)


def _published_step(data: Path | None, repeats: int, json_file: Path | None) -> None:
    """A training step at the published widths beside its literal counterpart."""
    import tempfile

    from engine.bench.literal_training import as_text, compare, portraits, published_recipe, published_system
    from engine.labels.label_sets import load_label_set

    with tempfile.TemporaryDirectory() as scratch_folder, progress("measuring") as on_progress:
        recipe = published_recipe()
        data_folder = data or portraits(Path(scratch_folder) / "data", load_label_set("faces"), recipe.resolution)
        network_name = published_system().title
        comparison = compare(recipe, data_folder, network_name=network_name, repeats=repeats, on_progress=on_progress)
    _say_measured(as_text(comparison))
    _keep(json_file, comparison)
    if not comparison.difference <= TOLERANCE:
        raise SystemExit(CHECK_FAILED)


def _training_rates(
    recipe_names: list[str] | None,
    data: Path | None,
    label_set: str,
    steps: int,
    device: str,
    json_file: Path | None,
) -> None:
    """Pictures per second of some recipes."""
    from engine.bench.training import as_table, run_bench
    from engine.devices import resolve
    from engine.labels.label_sets import load_label_set
    from engine.systems import default_recipe
    from engine.training.recipe import load_recipe

    drawn_labels = load_label_set(label_set)
    recipes = {recipe_name: load_recipe(recipe_name) for recipe_name in recipe_names or [default_recipe()]}
    with progress("measuring") as on_progress:
        torch_device = str(resolve(device))
        bench_rows = run_bench(recipes, data, drawn_labels, steps=steps, device=torch_device, on_progress=on_progress)
    _say_measured(as_table(bench_rows))
    _keep(json_file, bench_rows)


def editor(
    platform: Annotated[
        Literal["offscreen", "xcb"] | None,
        typer.Option("--platform", help='"offscreen", or "xcb" on Xvfb. Both, where there is Xvfb, unless given.'),
    ] = None,
    json_file: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write the rows there too.")] = None,
) -> None:
    """Measure the editor: brush latency, heartbeat while it paints, start-up, edits, memory.

    Drives a real window in a process of its own, without a screen, and on an X server where Xvfb is installed. Takes
    about a minute each on a quiet machine. Exit code 1 if a promised limit is missed.
    """
    from engine.bench.editor import as_table, measure, platforms

    _check_json_file(json_file)
    with progress("measuring") as on_progress:
        bench_rows = [
            row
            for platform_name in ([platform] if platform else platforms())
            for row in measure(platform_name, on_progress)
        ]
    _say_measured(as_table(bench_rows))
    _keep(json_file, bench_rows)
    if not all(row.held for row in bench_rows):
        raise SystemExit(CHECK_FAILED)


def photo(
    weights: Annotated[
        str | None, typer.Option("--weights", help="A painter of portraits; the editor's first choice unless given.")
    ] = None,
    json_file: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write the rows there too.")] = None,
) -> None:
    """Measure the editing of a photo of 12 megapixels: analysis, a restyle at view and at full size, memory.

    Painting and the loading of weights are not in it: see `bench synthesis`. Exit code 1 if a promised limit
    is missed.
    """
    from engine.bench.photo import as_table, measure
    from engine.systems import default_weights
    from engine.weights.store import list_weights

    _check_json_file(json_file)
    painter = weights or default_weights(entry.name for entry in list_weights())
    with progress("measuring") as on_progress:
        bench_rows = measure(on_progress, weights=painter)
    _say_measured(as_table(bench_rows))
    _keep(json_file, bench_rows)
    if not all(row.held for row in bench_rows):
        raise SystemExit(CHECK_FAILED)


def attention(
    json_file: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write the rows there too.")] = None,
) -> None:
    """Measure attentive normalization beside self-attention: time and memory by the size of the map."""
    from engine.bench.attention import as_table, measure

    _check_json_file(json_file)
    with progress("measuring") as on_progress:
        bench_rows = measure(on_progress)
    _say_measured(as_table(bench_rows))
    _keep(json_file, bench_rows)


def _check_json_file(json_file: Path | None) -> None:
    if json_file is not None:
        check_target(json_file, (".json",))


def _say_measured(table_text: str) -> None:
    from engine.bench.rows import machine

    say(machine())
    say("")
    say(table_text)


def _keep(json_file: Path | None, measured: Measured | Sequence[Measured]) -> None:
    """Write what was measured to the --json file, if there is one. Raises BadFile."""
    from engine.bench.rows import write_json

    if json_file is not None:
        write_json(json_file, measured)


# What `tessera bench` can measure: a function per entry, its parameters typer's, heavy imports inside. The
# measuring itself belongs into engine/bench.
COMMANDS: dict[str, Callable[..., None]] = {
    "attention": attention,
    "synthesis": synthesis,
    "editor": editor,
    "photo": photo,
    "table": table,
    "training": training,
}

app = typer.Typer(help="Measure how fast this machine paints.", no_args_is_help=True)
for _name, _function in COMMANDS.items():
    app.command(_name)(guarded(_function))
