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
        for weights, name in (("sean-street", "street.png"), ("sean-facades", "facade.png")):
            self._cut_picture(weights, name)
        self.codes: dict[int, Json] = {}

    def _cut_picture(self, weights: str, name: str) -> None:
        """A painted picture from the sheet of shipped weights, which are the only street and fronts that ship."""
        sheet = Image.open(self.checkout / "weights" / weights / "samples.png").convert("RGB")
        sheet.crop((784, 320, 784 + 256, 320 + 256)).save(self.folder / name)

    def template(self, name: str, height: int = 0, width: int = 0) -> Array:
        """(height, width) ids of a shipped template; its own size unless given."""
        image: Image.Image = Image.open(self.checkout / "resources" / "templates" / f"{name}.png")
        if height:
            image = image.resize((width, height), Image.Resampling.NEAREST)
        return np.asarray(image, np.uint8)

    def request(self, name: str, weights: str, label_map: Array, styles: dict[int, Json], **more: Any) -> Job:
        """Write a render request; the job that performs it."""
        height, width = label_map.shape
        data = {
            "schema": "tessera/1",
            "kind": "render",
            "weights": weights,
            "label_map": {"height": height, "width": width, "png": base64_png(label_map)},
            "styles": {str(label): style for label, style in styles.items()},
            "seed": 0,
            "precision": "float32",
            "detail": "model",
            **more,
        }
        file = f"{weights}-{name}.json".replace(" ", "-")
        (self.folder / file).write_text(json.dumps(data), encoding="utf-8")
        return Job(f"{weights}: {name}", ("render", file))

    def image(self, stem: str, label: int, how: str = "file") -> Json:
        """An image style of a shipped style picture; how: its label map is a "file", "inline" or to be "parsed"."""
        style: Json = {"style": "image", "path": f"{stem}.png", "label": label}
        if how == "file":
            style["label_map_path"] = f"{stem}.labels.png"
        elif how == "inline":
            style["label_map_png"] = base64_png(np.asarray(Image.open(self.folder / f"{stem}.labels.png"), np.uint8))
        return style


def base64_png(ids: Array) -> str:
    """(H, W) uint8 -> base64 of a grey PNG."""
    out = io.BytesIO()
    Image.fromarray(ids).save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode("ascii")


def sample(seed: int) -> Json:
    """A drawn style."""
    return {"style": "sample", "seed": seed}


def mix(first: Json, second: Json, amount: float) -> Json:
    """(1 - amount) * first + amount * second."""
    return {"style": "mix", "a": first, "b": second, "amount": amount}


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
    weights = "sean-faces"
    face = desk.template("portrait-long-hair")
    black = {label: desk.image("black", label) for label in (BACKGROUND, SKIN, HAIR)}
    drawn = everywhere(face, sample(3))
    coded = desk.codes
    foreign = {label: style | {"made_by": FOREIGN} for label, style in coded.items()}
    mixed = mix(desk.image("black", HAIR), sample(4), 0.4)
    nested = mix(mix(MEAN, desk.image("curls", HAIR, "inline"), 1.5), sample(2), -0.5)
    crossed = blocks(sample(1), desk.image("blonde", HAIR), MEAN)
    crossed_mix = blocks(mixed, sample(5))

    yield desk.request("no style", weights, face, {})
    yield desk.request("mean, largest seed", weights, face, everywhere(face, MEAN), seed=2**63 - 1)
    yield desk.request("image and label map", weights, face, black, seed=1)
    yield desk.request("image and inline map", weights, face, {HAIR: desk.image("curls", HAIR, "inline")})
    yield desk.request("image parsed", weights, face, {HAIR: desk.image("golden", HAIR, "parsed")})
    yield desk.request("image codes", weights, face, coded, style_locks=[HAIR], label_locks=[BACKGROUND, SKIN])
    yield desk.request("codes of other weights", weights, face, foreign)
    yield desk.request("sample", weights, face, drawn)
    yield desk.request("mix", weights, face, {HAIR: mixed, CLOTH: mix(MEAN, sample(8), 2.0)})
    yield desk.request("mix of mixes", weights, face, {HAIR: nested})
    yield desk.request("per block", weights, face, {HAIR: crossed, SKIN: crossed_mix, CLOTH: sample(6)})
    yield desk.request("bfloat16", weights, face, {HAIR: mixed}, precision="bfloat16")
    large = desk.template("portrait-glasses", 384, 384)
    for detail in ("model", "full"):
        yield desk.request(f"384 x 384 {detail}", weights, large, black, detail=detail)
    wide = desk.template("portrait-hat", 192, 320)
    yield desk.request("320 x 192", weights, wide, {HAIR: sample(2)}, detail="full", seed=5)
    yield desk.request("small", weights, desk.template("portrait-bob", 60, 75), {HAIR: sample(2)})


def other_faces(desk: Desk) -> Iterator[Job]:
    """GroupDNet's and SPADE's weights."""
    face = desk.template("portrait-turned")
    small = desk.template("portrait-turned", 128, 128)
    tall = desk.template("portrait-curly", 160, 96)

    weights = "smis-faces"
    grey = {label: desk.image("grey", label) for label in (BACKGROUND, SKIN, HAIR)}
    mixed = {HAIR: mix(desk.image("black", HAIR), sample(4), 0.6), SKIN: sample(1)}
    yield desk.request("no style", weights, small, {})
    yield desk.request("image and label map", weights, small, grey)
    yield desk.request("image parsed", weights, small, {HAIR: desk.image("moustache", HAIR, "parsed")})
    yield desk.request("sample", weights, small, everywhere(small, sample(11)), seed=7)
    yield desk.request("mix", weights, small, mixed)
    yield desk.request("bfloat16", weights, small, mixed, precision="bfloat16")
    for detail in ("model", "full"):
        yield desk.request(f"256 x 256 {detail}", weights, face, grey, detail=detail)
    yield desk.request("96 x 160", weights, tall, mixed, detail="full")

    weights = "spade-faces"
    light = everywhere(face, desk.image("light-brown", SKIN))
    yield desk.request("no style", weights, small, {})
    yield desk.request("image and label map", weights, face, light)
    yield desk.request("image parsed", weights, small, everywhere(small, desk.image("blonde", SKIN, "parsed")))
    yield desk.request("sample", weights, small, everywhere(small, sample(11)))
    yield desk.request("mix", weights, small, everywhere(small, mix(sample(1), sample(2), 0.5)))
    yield desk.request("styles that differ by label", weights, small, {HAIR: sample(1), SKIN: sample(2)})
    yield desk.request("bfloat16, 96 x 160", weights, tall, light, precision="bfloat16", detail="full")


def streets_and_fronts(desk: Desk) -> Iterator[Job]:
    """SEAN's other two weights."""
    weights, road = "sean-street", desk.template("street-park")
    parsed = {"style": "image", "path": "street.png", "label": ROAD}
    yield desk.request("no style, 256 x 192", weights, road, {})
    yield desk.request("sample", weights, road, everywhere(road, sample(9)), seed=3)
    yield desk.request("image parsed, mixed", weights, road, {ROAD: mix(parsed, MEAN, 0.3), TREE: sample(1)})
    yield desk.request("small bfloat16", weights, desk.template("street-houses", 96, 128), {}, precision="bfloat16")

    weights, front = "sean-facades", desk.template("facade-palace")
    parsed = {"style": "image", "path": "facade.png", "label": WALL}
    yield desk.request("no style", weights, front, {})
    yield desk.request("image parsed, per block", weights, front, {WALL: blocks(parsed, sample(2)), WINDOW: sample(3)})
    wide = desk.template("facade-modern", 224, 320)
    yield desk.request("320 x 224 full", weights, wide, {WALL: sample(4)}, detail="full")


def commands(desk: Desk) -> Iterator[Job]:
    """What is asked for by words: exported PNGs, the sample document, parsing, variations and a morph."""
    yield Job("a PNG that carries its request", ("render", "exported.png"))
    yield Job("the sample document", ("render", str(desk.checkout / "resources" / "sample" / "sample.request.json")))
    words = ("--weights", "smis-faces", "--labels", "curls.labels.png", "--styles", "curls.png@curls.labels.png")
    yield Job("render by words", ("render", *words, "--mix", "hair=sample:4:0.5", "--seed", "4"))
    for weights, picture in (("parser-faces", "black"), ("parser-street", "street"), ("parser-facades", "facade")):
        yield Job(
            f"{weights}: a picture of its size", ("parse", f"{picture}.png", "--weights", weights, "--kind", "raw")
        )
    odd = Image.open(desk.folder / "golden.png").convert("RGB").resize((333, 417), Image.Resampling.BICUBIC)
    odd.save(desk.folder / "odd.png")
    yield Job("parser-faces: 333 x 417", ("parse", "odd.png", "--weights", "parser-faces", "--kind", "raw"))
    file = "smis-faces-mix.json"
    yield Job("variations", ("render", file, "--variations", "4", "--label", "hair", "--first", "2"))
    yield Job("morph", ("morph", file, "--to", "sample:8", "--label", "hair", "--label", "skin", "--frames", "4"))


# ---------------------------------------------------------------- performing


class Checkout:
    """One version of Tessera, run in processes of its own.

    Args:
        folder: its root.
        python: the interpreter.
        desk: where relative files of requests are, and where pictures go.
        weights: folder of the weights folders that are used.
        threads: of each process; sums depend on it.
    """

    def __init__(self, folder: Path, python: str, desk: Path, weights: Path, threads: int) -> None:
        self.folder, self.python, self.desk = folder, python, desk
        home = desk / "home"
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("TESSERA_")}
        self.environment |= {
            "PYTHONPATH": str(folder),
            "TESSERA_WEIGHTS": str(weights),
            "TESSERA_HOME": str(home),
            "OMP_NUM_THREADS": str(threads),
        }

    def perform(self, job: Job, out: Path) -> str:
        """Run the command; why it failed, or ""."""
        words = [self._full(word) for word in job.words]
        command = [self.python, "-m", "engine.cli", *words, "--out", str(out), "--device", "cpu"]
        done = subprocess.run(command, cwd=self.folder, env=self.environment, capture_output=True, text=True)
        return "" if done.returncode == 0 else (done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[-1]

    def _full(self, word: str) -> str:
        """A word with the names of files on the desk made absolute, those in "PICTURE@LABELMAP" too."""
        parts = word.split("@")
        if all((self.desk / part).is_file() for part in parts):
            return "@".join(str(self.desk / part) for part in parts)
        return word


def difference(before: Path, after: Path) -> str:
    """How the pixels of two pictures differ, or ""."""
    first, second = (np.asarray(Image.open(path)) for path in (before, after))
    if first.shape != second.shape:
        return f"{first.shape} became {second.shape}"
    distance = np.abs(first.astype(np.int16) - second.astype(np.int16))
    if not distance.any():
        return ""
    return f"{np.count_nonzero(distance):,} of {distance.size:,} samples, by at most {distance.max()}"


def image_codes(exported: Path) -> dict[int, Json]:
    """{label: image style with its code} from the request in an exported PNG."""
    for value in Image.open(exported).info.values():
        if isinstance(value, str) and '"schema"' in value:
            return {int(label): style for label, style in json.loads(value)["styles"].items()}
    raise SystemExit(f"{exported} carries no request.")


def compare(before: Checkout, after: Checkout, job: Job, number: int, folder: Path) -> str:
    """Perform a job by both, at the same time; what is wrong, or ""."""
    outs = [folder / f"{number:02d}-{side}.png" for side in ("before", "after")]
    with ThreadPoolExecutor(2) as pool:
        problems = list(pool.map(lambda pair: pair[0].perform(job, pair[1]), zip((before, after), outs)))
    if any(problems):
        return "; ".join(f"{side} fails: {text}" for side, text in zip(("before", "after"), problems) if text)
    return difference(*outs)


def main(arguments: list[str] | None = None) -> int:
    """Compare two checkouts; the exit code."""
    summary, _, rest = (__doc__ or "").partition("\n")
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=summary, epilog=rest, formatter_class=layout)
    parser.add_argument("before", type=Path, metavar="BEFORE_CHECKOUT")
    parser.add_argument("after", type=Path, metavar="AFTER_CHECKOUT")
    parser.add_argument("--python", default=sys.executable, help="interpreter for both; this one unless given")
    parser.add_argument("--threads", type=int, default=1, help="threads of each process; 1 unless given")
    parser.add_argument("--only", default="", metavar="WORDS", help="only requests whose line contains this")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep requests and pictures in this new folder")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="same-pictures-") as place:
        folder = given.keep or Path(place)
        folder.mkdir(parents=True, exist_ok=True)
        return run(given, folder.resolve())


def run(given: argparse.Namespace, folder: Path) -> int:
    """`main` with a folder to work in."""
    started = time.perf_counter()
    roots = [given.before.resolve(), given.after.resolve()]
    desk = Desk(roots[0], folder)
    before, after = (Checkout(root, given.python, folder, roots[0] / "weights", given.threads) for root in roots)
    words = ("--weights", "sean-faces", "--labels", "blonde.labels.png", "--styles", "blonde.png@blonde.labels.png")
    problem = before.perform(Job("exported", ("render", *words)), folder / "exported.png")
    if problem:
        raise SystemExit(f"{roots[0]} cannot export a picture: {problem}")
    desk.codes = image_codes(folder / "exported.png")
    jobs = [job for job in all_jobs(desk) if given.only in job.name]
    different = 0
    for number, job in enumerate(jobs):
        wrong = compare(before, after, job, number, folder)
        different += bool(wrong)
        say(f"{'DIFFERS' if wrong else 'same':8}{job.name}{': ' if wrong else ''}{wrong}")
    say(f"{len(jobs) - different} of {len(jobs)} the same, {time.perf_counter() - started:.0f} s")
    return 1 if different or not jobs else 0


def say(line: str) -> None:
    """One line on stdout, at once."""
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
