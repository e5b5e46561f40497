"""Drawn styles, relabelled regions, variations and morphs on the command line, run for real with tiny weights."""

from __future__ import annotations

import json
import os
import shutil
import signal
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.cli.words import Drawn, Mean, StyleFile, split_mix, split_relabel, split_style
from engine.errors import BadRequest
from engine.pictures.images import read_image
from engine.pictures.png import read_embedded_request
from engine.requests.json_text import from_json, to_json
from engine.requests.render import RenderRequest
from engine.requests.styles import MEAN, ImageStyle, MixStyle, SampleStyle
from tests.commands import Runner, one_sentence
from tests.engine.systems.tiny import all_weights, tiny_shelf_of_all  # noqa: F401 (fixtures)

TINY = ("render", "--weights", "tiny-smis", "--labels", "face.png")
ANNA = "anna.png@anna.labels.png"
HAIR, SKIN, HAT = 13, 1, 14


@pytest.fixture
def table(desk: Path, all_weights: Path, run: Runner) -> Path:  # noqa: F811
    """The desk, with base.png: a picture of "tiny-smis" that carries its request."""
    done = run(*TINY, "--style", "skin=sample:4", "--out", "base.png")
    assert done.code == 0, done.err
    return desk


def request_in(path: str | Path) -> RenderRequest:
    request = from_json(read_embedded_request(path) or "")
    assert isinstance(request, RenderRequest)
    return request


# ---------------------------------------------------------------- words


def test_a_style_is_a_file_a_seed_or_the_mean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.png").touch()
    assert split_style("--style", "a.png") == StyleFile("a.png")
    assert split_style("--style", "sample:7") == Drawn(7)
    assert split_style("--style", "mean") == Mean()
    assert split_mix("hair=sample:7:0.25") == ("hair", Drawn(7), 0.25)
    assert split_relabel("hair = hat") == ("hair", "hat")
    Path("mean").touch()
    assert split_style("--style", "mean") == StyleFile("mean")
    for word in ("sample:", "sample:x", "sample:-1", f"sample:{2**63}", "sample:²"):
        with pytest.raises(BadRequest, match="sample:SEED"):
            split_style("--style", word)
    with pytest.raises(BadRequest, match="how much"):
        split_mix("hair=sample:7")


# ---------------------------------------------------------------- one picture


def test_one_region_is_drawn_anew_and_all_else_stays(run: Runner, table: Path) -> None:
    done = run("render", "base.png", "--style", "hair=sample:7", "--out", "new.png")
    assert done.code == 0, done.err
    before, after = request_in("base.png"), request_in("new.png")
    assert after == before.replace(styles={**before.styles, HAIR: SampleStyle(7)})
    assert not np.array_equal(read_image("new.png").pixels, read_image("base.png").pixels)


def test_appearance_mixes_pictures_samples_and_means(run: Runner, table: Path) -> None:
    words = ["--styles", "sample:3", "--style", f"hair={ANNA}", "--style", "skin=mean", "--mix", "nose=sample:9:0.5"]
    assert run("render", "base.png", *words, "--out", "new.png").code == 0
    styles = request_in("new.png").styles
    assert isinstance(styles[HAIR], ImageStyle) and styles[SKIN] == MEAN and styles[0] == SampleStyle(3)
    assert styles[2] == MixStyle(SampleStyle(3), SampleStyle(9), 0.5)


def test_a_region_becomes_another_thing(run: Runner, table: Path) -> None:
    assert run("render", "base.png", "--relabel", "hair=hat", "--relabel", "帽子=头发", "--out", "no.png").code == 2
    assert run("render", "base.png", "--relabel", "hair=hat", "--out", "new.png").code == 0
    before, after = request_in("base.png"), request_in("new.png")
    old, new = before.label_map.array(), after.label_map.array()
    assert (new[old == HAIR] == HAT).all() and np.array_equal(new[old != HAIR], old[old != HAIR])
    assert after.styles == before.styles


def test_weights_with_one_style_for_the_picture_take_it_everywhere(run: Runner, table: Path) -> None:
    words = ("render", "--weights", "tiny-vspade", "--labels", "face.png")
    assert run(*words, "--styles", "sample:3", "--out", "new.png").code == 0
    assert set(request_in("new.png").styles.values()) == {SampleStyle(3)} and len(request_in("new.png").styles) == 19
    done = run(*words, "--style", "hair=sample:3", "--out", "no.png")
    assert done.code == 2 and "use --styles" in one_sentence(done.err)
    done = run(*words, "--variations", 2, "--label", "hair", "--out", "no.png")
    assert done.code == 2 and "leave out --label" in one_sentence(done.err)
    assert run(*words, "--variations", 2, "--out", "grid.png").code == 0


def test_regions_that_weights_have_not_learnt_are_told(run: Runner, table: Path, all_weights: Path) -> None:  # noqa: F811
    shutil.copytree(all_weights / "tiny-spade", "unlearnt")
    card = json.loads(Path("unlearnt/card.json").read_text("utf-8"))
    card["metrics"] = {"train": {"label_shares": {"hair": 1e-6, "hat": 0.0, "skin": 0.3}}}
    Path("unlearnt/card.json").write_text(json.dumps(card), "utf-8")
    done = run("render", "--weights", "./unlearnt", "--labels", "face.png", "--out", "new.png")
    assert done.code == 0 and 'next to nothing of "hair";' in one_sentence(done.err)


# ---------------------------------------------------------------- variations


def test_variations_make_a_grid_and_tell_their_seeds(run: Runner, table: Path) -> None:
    done = run("render", "base.png", "--variations", 5, "--label", "hair", "--first", 3, "--out", "grid.png", "--json")
    assert done.code == 0, done.err
    answer = json.loads(done.out)
    assert answer["samples"] == [3, 4, 5, 6, 7] and answer["labels"] == ["hair"]
    sheet = read_image("grid.png").pixels
    assert sheet.shape == (2 * 64 + 4, 3 * 64 + 2 * 4, 3)
    assert run("render", "base.png", "--style", "hair=sample:6", "--out", "one.png").code == 0
    assert np.array_equal(sheet[68:, :64], read_image("one.png").pixels)


def test_variations_in_a_folder_open_as_documents(run: Runner, table: Path) -> None:
    assert run("render", "base.png", "--variations", 2, "--out", "six").code == 0
    base = request_in("base.png")
    for n, name in enumerate(sorted(os.listdir("six"))):
        request = request_in(Path("six") / name)
        there = np.unique(base.label_map.array()).tolist()
        assert request == base.replace(styles=dict.fromkeys(there, SampleStyle(n + 1)))


def test_locked_styles_stay_unless_they_are_named(run: Runner, table: Path) -> None:
    base = request_in("base.png")
    there = np.unique(base.label_map.array()).tolist()
    Path("locked.json").write_text(to_json(base.replace(style_locks=(HAIR,))), "utf-8")
    done = run("render", "locked.json", "--variations", 1, "--out", "one")
    assert done.code == 0 and 'The style of "hair" is locked' in one_sentence(done.err)
    found = request_in(next(Path("one").iterdir()))
    assert found.style(HAIR) == base.style(HAIR) and found.style_locks == (HAIR,)
    assert all(isinstance(found.style(label), SampleStyle) for label in there if label != HAIR)
    assert run("render", "locked.json", "--styles", "sample:3", "--out", "all.png").code == 0
    assert request_in("all.png").style(HAIR) == base.style(HAIR)
    assert run("render", "locked.json", "--style", "hair=sample:3", "--out", "named.png").code == 0
    assert request_in("named.png").style(HAIR) == SampleStyle(3)
    Path("all.json").write_text(to_json(base.replace(style_locks=tuple(there))), "utf-8")
    done = run("morph", "all.json", "--to", "mean", "--out", "no.gif")
    assert done.code == 2 and "name one with --label" in one_sentence(done.err)


def test_what_is_no_request_and_what_is_no_number_is_told_plainly(run: Runner, table: Path) -> None:
    Path("README.md").write_text("# Not a request\n", "utf-8")
    Path("broken.json").write_text('{"schema": ', "utf-8")
    done = run("render", "README.md", "--out", "no.png")
    assert done.code == 2 and "is not a request; give a request JSON file" in one_sentence(done.err)
    done = run("render", "broken.json", "--out", "no.png")
    assert done.code == 2 and "not valid JSON" in one_sentence(done.err)
    done = run("morph", "base.png", "--to", "mean", "--frames", 1, "--out", "no.gif")
    assert done.code == 2 and "--frames takes a number of at least 2" in one_sentence(done.err)


# ---------------------------------------------------------------- morphs


def test_a_morph_is_a_gif_a_strip_or_a_folder(run: Runner, table: Path) -> None:
    words = ("morph", "base.png", "--label", "hair", "--from", "sample:1", "--to", ANNA, "--frames", 4)
    for out in ("a.gif", "a.png", "frames"):
        done = run(*words, "--out", out)
        assert done.code == 0 and "4 frames of 64 x 64" in done.out, done.err
    with Image.open("a.gif") as gif:
        assert gif.n_frames == 6
    strip = read_image("a.png").pixels
    assert strip.shape == (64, 4 * 68 - 4, 3)
    base = request_in("base.png")
    names = sorted(os.listdir("frames"))
    requests = [request_in(Path("frames") / name) for name in names]
    assert requests[0] == base.replace(styles={**base.styles, HAIR: SampleStyle(1)})
    assert isinstance(requests[3].style(HAIR), ImageStyle)
    assert [request.style(HAIR).amount for request in requests[1:3]] == [1 / 3, 2 / 3]
    assert {request.style(SKIN) for request in requests} == {SampleStyle(4)}
    for n, name in enumerate(names):
        assert np.array_equal(read_image(Path("frames") / name).pixels, strip[:, n * 68 : n * 68 + 64])


def test_a_morph_starts_from_what_is_there_and_may_concern_every_label(run: Runner, table: Path) -> None:
    assert run("morph", "base.png", "--to", "mean", "--frames", 3, "--out", "all", "--once").code == 0
    first, _, last = (request_in(Path("all") / f"frame-00{n}.png") for n in (1, 2, 3))
    there = np.unique(first.label_map.array()).tolist()
    assert first.styles == {label: SampleStyle(4) if label == SKIN else MEAN for label in there}
    assert last.styles == dict.fromkeys(there, MEAN)


def test_ctrl_c_in_the_middle_writes_nothing(run: Runner, table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from engine.session import Session

    painted = []

    def paint(self: Session, request: RenderRequest, on_progress=None, cancel=None):
        painted.append(request)
        if len(painted) == 3:
            signal.raise_signal(signal.SIGINT)
        return original(self, request, on_progress, cancel)

    original = Session.run
    monkeypatch.setattr(Session, "run", paint)
    assert threading.current_thread() is threading.main_thread()
    before = sorted(os.listdir())
    for words in (
        ("morph", "base.png", "--to", "sample:1", "--out", "a.gif"),
        ("morph", "base.png", "--to", "sample:1", "--out", "frames"),
        ("render", "base.png", "--variations", 6, "--out", "grid.png"),
    ):
        painted.clear()
        assert run(*words).code == 130
        assert len(painted) == 3 and sorted(os.listdir()) == before


# ---------------------------------------------------------------- mistakes


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["render", "base.png", "--style", "hair=sample:x"], "sample:SEED"),
        (["render", "base.png", "--relabel", "hair"], "LABEL=LABEL"),
        (["render", "base.png", "--relabel", "hat=hair"], 'no region "hat"; its regions are background, skin'),
        (["render", "base.png", "--relabel", "hair=hatt"], "hat"),
        (["render", "base.png", "--label", "hair"], "--variations"),
        (["render", "base.png", "--variations", "0"], "--variations"),
        (["render", "base.png", "--variations", "2", "--label", "hat"], 'no region "hat"'),
        (["render", "base.png", "--weights", "tiny-sean"], "either"),
        (["render", "--weights", "tiny-sean", "--labels", "face.png", "--styles", "sample:1"], "take styles from"),
        (["render", "--weights", "tiny-spade", "--labels", "face.png", "--variations", "2"], "one look"),
        (["morph", "base.png", "--to", "sample:1", "--from", "sample:1"], "same style"),
        (["morph", "base.png", "--to", "gone.png"], "gone.png"),
        (["morph", "base.png", "--to", "sample:1", "--frames", "1"], "frames"),
        (["morph", "base.png", "--to", "sample:1", "--label", "hiar"], "hair"),
        (["morph", "gone.png", "--to", "sample:1"], "gone.png"),
        (["morph", "face.png", "--to", "sample:1"], "carries no request"),
    ],
)
def test_a_mistake_gets_one_sentence_and_no_file(run: Runner, table: Path, words: list[str], says: str) -> None:
    done = run(*words, "--out", "out.png")
    assert done.code == 2, done
    assert says in one_sentence(done.err)
    assert not Path("out.png").exists()


@pytest.mark.parametrize("out", ["a.txt", "no/a.gif", "no/frames", "full"])
def test_a_place_that_cannot_be_written_is_told_before_the_work(
    run: Runner, table: Path, out: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.session import Session

    Path("full").mkdir()
    Path("full/mine.txt").touch()
    monkeypatch.setattr(Session, "run", lambda *_: pytest.fail("worked"))
    done = run("morph", "base.png", "--to", "sample:1", "--out", out)
    assert done.code == 2 and out.split("/")[0] in one_sentence(done.err)
