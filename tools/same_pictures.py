"""Renders about forty requests with two checkouts on this machine and compares the pixels, bit by bit.

    python tools/same_pictures.py BEFORE_CHECKOUT AFTER_CHECKOUT [--python PY] [--only WORDS] [--keep FOLDER]

For changes that must not change a picture. Every request is written once, as a JSON file that any version since
schema tessera/1 reads, and performed by each checkout in a process of its own through the command line that users
have, so nothing here depends on how either checkout is laid out. Label maps, style pictures and weights are those of
BEFORE_CHECKOUT; the weights are given to both, so that only code differs.

One line per request says whether its pixels are the same, and if not, how many samples differ and by how much at
most. Exit code 1 if any differs or either checkout cannot perform it.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

Array = np.ndarray
Json = dict[str, Any]

HAIR, SKIN, CLOTH, BACKGROUND = 13, 1, 18, 0
ROAD, TREE, WALL, WINDOW = 3, 5, 1, 2
BLOCKS = 6
"""Blocks of the shipped SEAN weights that can have a style of their own."""
FOREIGN = "0123456789abcdef"
"""An identity that no weights have: a code that claims it must be encoded again."""


@dataclass(frozen=True)
class Job:
    """One command to compare.

    name: what its line says.
    words: the command's words; relative files are in the work folder. `--out` is added.
    """

    name: str
    words: tuple[str, ...]


# ---------------------------------------------------------------- requests


class Desk:
    """The folder that both checkouts read from: label maps, pictures and request files.

    Args:
        checkout: whose resources and weights are used.
        folder: where the files go.
    """

    def __init__(self, checkout: Path, folder: Path) -> None:
        self.checkout, self.folder = checkout, folder
        shutil.copytree(checkout / "resources" / "styles", folder, dirs_exist_ok=True)
        for weights, picture_name in (("sean-street", "street.png"), ("sean-facades", "facade.png")):
            self._cut_picture(weights, picture_name)
        self.codes: dict[int, Json] = {}

    def _cut_picture(self, weights_name: str, picture_name: str) -> None:
        """A painted picture from the sheet of shipped weights, which are the only street and fronts that ship."""
        sheet = Image.open(self.checkout / "weights" / weights_name / "samples.png").convert("RGB")
        sheet.crop((784, 320, 784 + 256, 320 + 256)).save(self.folder / picture_name)

    def template(self, template_name: str, height: int = 0, width: int = 0) -> Array:
        """(height, width) ids of a shipped template; its own size unless given."""
        image: Image.Image = Image.open(self.checkout / "resources" / "templates" / f"{template_name}.png")
        if height:
            image = image.resize((width, height), Image.Resampling.NEAREST)
        return np.asarray(image, np.uint8)

    def request(self, job_name: str, weights_name: str, label_map: Array, styles: dict[int, Json], **more: Any) -> Job:
        """Write a render request; the job that performs it."""
        height, width = label_map.shape
        request_json = {
            "schema": "tessera/1",
            "kind": "render",
            "weights": weights_name,
            "label_map": {"height": height, "width": width, "png": base64_png(label_map)},
            "styles": {str(label): style for label, style in styles.items()},
            "seed": 0,
            "precision": "float32",
            "detail": "model",
            **more,
        }
        file_name = f"{weights_name}-{job_name}.json".replace(" ", "-")
        (self.folder / file_name).write_text(json.dumps(request_json), encoding="utf-8")
        return Job(f"{weights_name}: {job_name}", ("render", file_name))

    def image(self, stem: str, label: int, map_source: str = "file") -> Json:
        """An image style of a shipped style picture; how: its label map is a "file", "inline" or to be "parsed"."""
        style: Json = {"style": "image", "path": f"{stem}.png", "label": label}
        if map_source == "file":
            style["label_map_path"] = f"{stem}.labels.png"
        elif map_source == "inline":
            style["label_map_png"] = base64_png(np.asarray(Image.open(self.folder / f"{stem}.labels.png"), np.uint8))
        return style


def base64_png(label_map: Array) -> str:
    """(H, W) uint8 -> base64 of a grey PNG."""
    png_buffer = io.BytesIO()
    Image.fromarray(label_map).save(png_buffer, "PNG")
    return base64.b64encode(png_buffer.getvalue()).decode("ascii")


def sample(seed: int) -> Json:
    """A drawn style."""
    return {"style": "sample", "seed": seed}


def mix(first: Json, second: Json, second_share: float) -> Json:
    """(1 - amount) * first + amount * second."""
    return {"style": "mix", "a": first, "b": second, "amount": second_share}


def blocks(*styles: Json) -> Json:
    """One style per block, the last one for all that are left."""
    return {"style": "blocks", "blocks": [*styles, *[styles[-1]] * (BLOCKS - len(styles))]}


MEAN: Json = {"style": "mean"}


def everywhere(label_map: Array, style: Json) -> dict[int, Json]:
    """That style for every label of the map."""
    return {int(label): style for label in np.unique(label_map)}


def all_jobs(desk: Desk) -> Iterator[Job]:
    """Every request, the same for both checkouts."""
    yield from sean_faces(desk)
    yield from other_faces(desk)
    yield from streets_and_fronts(desk)
    yield from commands(desk)


def sean_faces(desk: Desk) -> Iterator[Job]:
    """All that a request can say, with the weights that the editor starts with."""
    weights_name = "sean-faces"
    portrait_map = desk.template("portrait-long-hair")
    black_styles = {label: desk.image("black", label) for label in (BACKGROUND, SKIN, HAIR)}
    drawn_styles = everywhere(portrait_map, sample(3))
    coded_styles = desk.codes
    foreign_styles = {label: style | {"made_by": FOREIGN} for label, style in coded_styles.items()}
    mixed_style = mix(desk.image("black", HAIR), sample(4), 0.4)
    nested_mix = mix(mix(MEAN, desk.image("curls", HAIR, "inline"), 1.5), sample(2), -0.5)
    crossed_style = blocks(sample(1), desk.image("blonde", HAIR), MEAN)
    crossed_mix = blocks(mixed_style, sample(5))

    yield desk.request("no style", weights_name, portrait_map, {})
    yield desk.request("mean, largest seed", weights_name, portrait_map, everywhere(portrait_map, MEAN), seed=2**63 - 1)
    yield desk.request("image and label map", weights_name, portrait_map, black_styles, seed=1)
    yield desk.request("image and inline map", weights_name, portrait_map, {HAIR: desk.image("curls", HAIR, "inline")})
    yield desk.request("image parsed", weights_name, portrait_map, {HAIR: desk.image("golden", HAIR, "parsed")})
    yield desk.request(
        "image codes", weights_name, portrait_map, coded_styles, style_locks=[HAIR], label_locks=[BACKGROUND, SKIN]
    )
    yield desk.request("codes of other weights", weights_name, portrait_map, foreign_styles)
    yield desk.request("sample", weights_name, portrait_map, drawn_styles)
    yield desk.request("mix", weights_name, portrait_map, {HAIR: mixed_style, CLOTH: mix(MEAN, sample(8), 2.0)})
    yield desk.request("mix of mixes", weights_name, portrait_map, {HAIR: nested_mix})
    yield desk.request(
        "per block", weights_name, portrait_map, {HAIR: crossed_style, SKIN: crossed_mix, CLOTH: sample(6)}
    )
    yield desk.request("bfloat16", weights_name, portrait_map, {HAIR: mixed_style}, precision="bfloat16")
    large_map = desk.template("portrait-glasses", 384, 384)
    for detail in ("model", "full"):
        yield desk.request(f"384 x 384 {detail}", weights_name, large_map, black_styles, detail=detail)
    wide_map = desk.template("portrait-hat", 192, 320)
    yield desk.request("320 x 192", weights_name, wide_map, {HAIR: sample(2)}, detail="full", seed=5)
    yield desk.request("small", weights_name, desk.template("portrait-bob", 60, 75), {HAIR: sample(2)})


def other_faces(desk: Desk) -> Iterator[Job]:
    """GroupDNet's and SPADE's weights."""
    portrait_map = desk.template("portrait-turned")
    small_map = desk.template("portrait-turned", 128, 128)
    tall_map = desk.template("portrait-curly", 160, 96)

    weights_name = "smis-faces"
    grey_styles = {label: desk.image("grey", label) for label in (BACKGROUND, SKIN, HAIR)}
    mixed_styles = {HAIR: mix(desk.image("black", HAIR), sample(4), 0.6), SKIN: sample(1)}
    yield desk.request("no style", weights_name, small_map, {})
    yield desk.request("image and label map", weights_name, small_map, grey_styles)
    yield desk.request("image parsed", weights_name, small_map, {HAIR: desk.image("moustache", HAIR, "parsed")})
    yield desk.request("sample", weights_name, small_map, everywhere(small_map, sample(11)), seed=7)
    yield desk.request("mix", weights_name, small_map, mixed_styles)
    yield desk.request("bfloat16", weights_name, small_map, mixed_styles, precision="bfloat16")
    for detail in ("model", "full"):
        yield desk.request(f"256 x 256 {detail}", weights_name, portrait_map, grey_styles, detail=detail)
    yield desk.request("96 x 160", weights_name, tall_map, mixed_styles, detail="full")

    weights_name = "spade-faces"
    light_styles = everywhere(portrait_map, desk.image("light-brown", SKIN))
    yield desk.request("no style", weights_name, small_map, {})
    yield desk.request("image and label map", weights_name, portrait_map, light_styles)
    yield desk.request(
        "image parsed", weights_name, small_map, everywhere(small_map, desk.image("blonde", SKIN, "parsed"))
    )
    yield desk.request("sample", weights_name, small_map, everywhere(small_map, sample(11)))
    yield desk.request("mix", weights_name, small_map, everywhere(small_map, mix(sample(1), sample(2), 0.5)))
    yield desk.request("styles that differ by label", weights_name, small_map, {HAIR: sample(1), SKIN: sample(2)})
    yield desk.request("bfloat16, 96 x 160", weights_name, tall_map, light_styles, precision="bfloat16", detail="full")


def streets_and_fronts(desk: Desk) -> Iterator[Job]:
    """SEAN's other two weights."""
    weights_name, street_map = "sean-street", desk.template("street-park")
    parsed_style = {"style": "image", "path": "street.png", "label": ROAD}
    yield desk.request("no style, 256 x 192", weights_name, street_map, {})
    yield desk.request("sample", weights_name, street_map, everywhere(street_map, sample(9)), seed=3)
    yield desk.request(
        "image parsed, mixed", weights_name, street_map, {ROAD: mix(parsed_style, MEAN, 0.3), TREE: sample(1)}
    )
    yield desk.request(
        "small bfloat16", weights_name, desk.template("street-houses", 96, 128), {}, precision="bfloat16"
    )

    weights_name, facade_map = "sean-facades", desk.template("facade-palace")
    parsed_style = {"style": "image", "path": "facade.png", "label": WALL}
    yield desk.request("no style", weights_name, facade_map, {})
    yield desk.request(
        "image parsed, per block", weights_name, facade_map, {WALL: blocks(parsed_style, sample(2)), WINDOW: sample(3)}
    )
    wide_map = desk.template("facade-modern", 224, 320)
    yield desk.request("320 x 224 full", weights_name, wide_map, {WALL: sample(4)}, detail="full")


def commands(desk: Desk) -> Iterator[Job]:
    """What is asked for by words: exported PNGs, the sample document, parsing, variations and a morph."""
    yield Job("a PNG that carries its request", ("render", "exported.png"))
    yield Job("the sample document", ("render", str(desk.checkout / "resources" / "sample" / "sample.request.json")))
    render_words = ("--weights", "smis-faces", "--labels", "curls.labels.png", "--styles", "curls.png@curls.labels.png")
    yield Job("render by words", ("render", *render_words, "--mix", "hair=sample:4:0.5", "--seed", "4"))
    for weights_name, picture_name in (
        ("parser-faces", "black"),
        ("parser-street", "street"),
        ("parser-facades", "facade"),
    ):
        yield Job(
            f"{weights_name}: a picture of its size",
            ("parse", f"{picture_name}.png", "--weights", weights_name, "--kind", "raw"),
        )
    odd_picture = Image.open(desk.folder / "golden.png").convert("RGB").resize((333, 417), Image.Resampling.BICUBIC)
    odd_picture.save(desk.folder / "odd.png")
    yield Job("parser-faces: 333 x 417", ("parse", "odd.png", "--weights", "parser-faces", "--kind", "raw"))
    request_file = "smis-faces-mix.json"
    yield Job("variations", ("render", request_file, "--variations", "4", "--label", "hair", "--first", "2"))
    yield Job(
        "morph", ("morph", request_file, "--to", "sample:8", "--label", "hair", "--label", "skin", "--frames", "4")
    )


# ---------------------------------------------------------------- performing


class Checkout:
    """One version of Tessera, run in processes of its own.

    Args:
        checkout_folder: its root.
        interpreter: the interpreter.
        desk_folder: where relative files of requests are, and where pictures go.
        weights_folder: folder of the weights folders that are used.
        threads: of each process; sums depend on it.
    """

    def __init__(
        self, checkout_folder: Path, interpreter: str, desk_folder: Path, weights_folder: Path, threads: int
    ) -> None:
        self.folder, self.python, self.desk = checkout_folder, interpreter, desk_folder
        home_folder = desk_folder / "home"
        self.environment = {
            variable_name: value
            for variable_name, value in os.environ.items()
            if not variable_name.startswith("TESSERA_")
        }
        self.environment |= {
            "PYTHONPATH": str(checkout_folder),
            "TESSERA_WEIGHTS": str(weights_folder),
            "TESSERA_HOME": str(home_folder),
            "OMP_NUM_THREADS": str(threads),
        }

    def perform(self, job: Job, picture_path: Path) -> str:
        """Run the command; why it failed, or ""."""
        full_words = [self._full(word) for word in job.words]
        command = [self.python, "-m", "engine", *full_words, "--out", str(picture_path), "--device", "cpu"]
        process = subprocess.run(command, cwd=self.folder, env=self.environment, capture_output=True, text=True)
        if process.returncode == 0:
            return ""
        return (process.stderr.strip().splitlines() or [f"exit {process.returncode}"])[-1]

    def _full(self, command_word: str) -> str:
        """A word with the names of files on the desk made absolute, those in "PICTURE@LABELMAP" too."""
        file_names = command_word.split("@")
        if all((self.desk / file_name).is_file() for file_name in file_names):
            return "@".join(str(self.desk / file_name) for file_name in file_names)
        return command_word


def difference(before_path: Path, after_path: Path) -> str:
    """How the pixels of two pictures differ, or ""."""
    before_pixels, after_pixels = (np.asarray(Image.open(path)) for path in (before_path, after_path))
    if before_pixels.shape != after_pixels.shape:
        return f"{before_pixels.shape} became {after_pixels.shape}"
    distance = np.abs(before_pixels.astype(np.int16) - after_pixels.astype(np.int16))
    if not distance.any():
        return ""
    return f"{np.count_nonzero(distance):,} of {distance.size:,} samples, by at most {distance.max()}"


def image_codes(exported_png: Path) -> dict[int, Json]:
    """{label: image style with its code} from the request in an exported PNG."""
    for png_text in Image.open(exported_png).info.values():
        if isinstance(png_text, str) and '"schema"' in png_text:
            return {int(label): style for label, style in json.loads(png_text)["styles"].items()}
    raise SystemExit(f"{exported_png} carries no request.")


def compare(before: Checkout, after: Checkout, job: Job, job_number: int, folder: Path) -> str:
    """Perform a job by both, at the same time; what is wrong, or ""."""
    picture_paths = [folder / f"{job_number:02d}-{checkout_side}.png" for checkout_side in ("before", "after")]
    with ThreadPoolExecutor(2) as executor:
        problems = list(executor.map(lambda pair: pair[0].perform(job, pair[1]), zip((before, after), picture_paths)))
    if any(problems):
        return "; ".join(
            f"{checkout_side} fails: {problem}"
            for checkout_side, problem in zip(("before", "after"), problems)
            if problem
        )
    return difference(*picture_paths)


def main(arguments: list[str] | None = None) -> int:
    """Compare two checkouts; the exit code."""
    summary, _, description = (__doc__ or "").partition("\n")
    help_layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=summary, epilog=description, formatter_class=help_layout)
    parser.add_argument("before", type=Path, metavar="BEFORE_CHECKOUT")
    parser.add_argument("after", type=Path, metavar="AFTER_CHECKOUT")
    parser.add_argument("--python", default=sys.executable, help="interpreter for both; this one unless given")
    parser.add_argument("--threads", type=int, default=1, help="threads of each process; 1 unless given")
    parser.add_argument("--only", default="", metavar="WORDS", help="only requests whose line contains this")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep requests and pictures in this new folder")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="same-pictures-") as temporary_folder:
        folder = options.keep or Path(temporary_folder)
        folder.mkdir(parents=True, exist_ok=True)
        return run(options, folder.resolve())


def run(options: argparse.Namespace, folder: Path) -> int:
    """`main` with a folder to work in."""
    start_time = time.perf_counter()
    checkout_roots = [options.before.resolve(), options.after.resolve()]
    desk = Desk(checkout_roots[0], folder)
    before, after = (
        Checkout(checkout_root, options.python, folder, checkout_roots[0] / "weights", options.threads)
        for checkout_root in checkout_roots
    )
    styles = "blonde.png@blonde.labels.png"
    render_words = ("--weights", "sean-faces", "--labels", "blonde.labels.png", "--styles", styles)
    problem = before.perform(Job("exported", ("render", *render_words)), folder / "exported.png")
    if problem:
        raise SystemExit(f"{checkout_roots[0]} cannot export a picture: {problem}")
    desk.codes = image_codes(folder / "exported.png")
    jobs = [job for job in all_jobs(desk) if options.only in job.name]
    different_count = 0
    for job_number, job in enumerate(jobs):
        job_difference = compare(before, after, job, job_number, folder)
        different_count += bool(job_difference)
        say(f"{'DIFFERS' if job_difference else 'same':8}{job.name}{': ' if job_difference else ''}{job_difference}")
    say(f"{len(jobs) - different_count} of {len(jobs)} the same, {time.perf_counter() - start_time:.0f} s")
    return 1 if different_count or not jobs else 0


def say(text_line: str) -> None:
    """One line on stdout, at once."""
    print(text_line, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
