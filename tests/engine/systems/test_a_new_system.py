"""A system of one folder, registered by one line, is everywhere where systems are: listed, trained, published, loaded,
performed by sessions and the command line, shown in the editor, and refused in one sentence where it cannot serve."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch

import engine.systems
from engine.data.kinds import inspect_folder, recognised
from engine.data.report import Look
from engine.errors import BadFile, EngineError, WeightsError
from engine.labels.label_sets import load_label_set
from engine.metrics.names import number_name
from engine.requests.json_text import from_json, kinds, schema_of, to_json
from engine.requests.label_map_data import LabelMapData
from engine.requests.render import RenderRequest
from engine.session import Session
from engine.systems import all_systems, system
from engine.systems.base import Measuring, load_part
from engine.training.publish import publish, publish_snapshot
from engine.training.recipe import Recipe
from engine.training.start import prepare
from engine.weights.manage import missing
from engine.weights.networks import network_of
from engine.weights.store import list_weights, load_weights
from tests.commands import Runner, one_sentence, run, shelf  # noqa: F401
from tests.engine.systems.made_up.data import draw_tones
from tests.engine.systems.made_up.examples import EXAMPLES
from tests.engine.systems.made_up.request import ToneRequest
from tests.engine.systems.made_up.system import SYSTEM
from tests.engine.test_files import is_one_sentence


@pytest.fixture(autouse=True)
def made_up_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.systems.SYSTEMS", (*engine.systems.SYSTEMS, SYSTEM))  # the one line


@pytest.fixture
def tones(tmp_path: Path) -> Path:
    """A data folder of its own kind."""
    folder = tmp_path / "tones"
    draw_tones(folder, EXAMPLES.tiny.resolution, load_label_set("faces"))
    return folder


RECIPE = Recipe(
    system="tones",
    resolution=EXAMPLES.tiny.resolution,
    batch=4,
    steps=4,
    sample_every=2,
    validate_every=2,
    checkpoint_every=2,
    model=dict(EXAMPLES.tiny.model),
    task=dict(EXAMPLES.tiny.task),
)


@pytest.fixture
def trained(tones: Path, tmp_path: Path) -> Path:
    """The folder of a finished run."""
    prepare(RECIPE, tones, tmp_path / "run").run()
    return tmp_path / "run"


@pytest.fixture
def weights(trained: Path, shelf: Path) -> str:  # noqa: F811
    """Published weights, by name."""
    publish(trained, "bells", destination=shelf)
    return "bells"


def test_it_is_listed() -> None:
    assert system("tones") is SYSTEM and all_systems()[-1] is SYSTEM
    assert kinds()["tone"] is ToneRequest
    assert "tones" in {entry.name for entry in missing(set())}


def test_its_data_are_recognised_and_reported(tones: Path) -> None:
    kind = load_part(SYSTEM.data)
    assert kind.describes(tones)
    assert inspect_folder(tones, kind).layout == "tones" == kind.report(tones, Look()).layout
    assert next(recognised(tones)) is kind
    report = inspect_folder(tones)
    assert report.layout == "tones" and report.splits == {"train": 8, "val": 2}
    assert report.examples == 10 and report.to_dict()["usable"] is True


def test_the_command_line_reports_on_its_data(tones: Path, run: Runner) -> None:  # noqa: F811
    done = run("data", tones)
    assert done.code == 0, done.err
    assert "10 tones" in done.out and "label map" not in done.out and "--make" not in done.out
    told = json.loads(run("data", tones, "--json", "-").out)
    assert (told["layout"], told["usable"]) == ("tones", True)
    (tones / "tones.json").write_text('{"train": [0.5, 21.0], "val": [0.1]}')
    done = run("data", tones)
    assert done.code == 0 and "Tones that nobody hears: 1\n  tones.json has a tone of 21.0" in done.out
    (tones / "tones.json").write_text("text")
    done = run("data", tones)
    assert done.code == 1 and "tones.json holds no pitches" in done.out


def test_the_command_line_makes_what_its_data_lack(tmp_path: Path, run: Runner) -> None:  # noqa: F811
    (tmp_path / "pitches.txt").write_text("0.1 0.2 0.3 0.4")
    done = run("data", tmp_path)
    assert done.code == 1 and "4 tones" in done.out and "missing: tones.json; --make" in done.out
    done = run("data", tmp_path, "--make", "--label-set", "faces")
    assert done.code == 2 and "have no label maps" in one_sentence(done.err)
    assert run("data", tmp_path, "--make").code == 0
    assert json.loads((tmp_path / "tones.json").read_text()) == {"train": [0.2, 0.3, 0.4], "val": [0.1]}


def test_no_folder_is_told_by_what_its_data_should_hold(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="give one with tones.json, with the pitches of tones") as refused:
        inspect_folder(tmp_path / "nowhere", load_part(SYSTEM.data))
    assert is_one_sentence(str(refused.value))
    with pytest.raises(BadFile, match="is not a folder") as refused:
        inspect_folder(tmp_path / "nowhere")
    assert is_one_sentence(str(refused.value)) and "labels/" not in str(refused.value)


def test_it_trains_resumes_and_leaves_a_run_like_any_other(tones: Path, tmp_path: Path) -> None:
    whole = prepare(RECIPE, tones, tmp_path / "whole")
    whole.run()
    assert sorted(path.name for path in (tmp_path / "whole" / "samples").iterdir()) == ["0000002.png", "0000004.png"]
    prepare(Recipe(**{**RECIPE_FIELDS, "steps": 2}), tones, tmp_path / "run").run()
    resumed = prepare(RECIPE, tones, tmp_path / "run", resume=True)
    resumed.run()
    for name, module in whole.task.modules.items():
        for key, tensor in module.state_dict().items():
            assert torch.equal(tensor, resumed.task.modules[name].state_dict()[key])


RECIPE_FIELDS = {name: getattr(RECIPE, name) for name in Recipe.__struct_fields__}


def test_it_is_published_with_both_networks(weights: str) -> None:
    (entry,) = [entry for entry in list_weights() if entry.name == weights]
    assert entry.card is not None and entry.problem == ""
    assert list(entry.card.networks) == ["player", "hearer"] and entry.card.config == {}
    assert entry.card.metrics["train"] == {"lowest_pitch": pytest.approx(0.1)}
    loaded = load_weights(weights)
    assert network_of(loaded, "player").config.width == 4
    assert all(name.startswith(("player.", "hearer.")) for name in loaded.state)


def test_its_newest_state_is_published_while_it_trains(
    tones: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TESSERA_HOME", str(tmp_path / "home"))
    loop = prepare(RECIPE, tones, tmp_path / "run")
    loop.run()
    assert list(publish_snapshot(loop, "now").networks) == ["player", "hearer"]


def test_a_session_performs_its_request(weights: str) -> None:
    request = ToneRequest(weights, pitch=0.4)
    tone = Session("cpu").run(request)
    assert len(tone.wave) == 16 and np.isfinite(tone.heard)
    assert from_json(to_json(request)) == request
    assert "pitch" in json.dumps(schema_of(ToneRequest))


def test_the_command_line_performs_its_request(weights: str, tmp_path: Path, run: Runner) -> None:  # noqa: F811
    (tmp_path / "tone.json").write_text(to_json(ToneRequest(weights, pitch=0.4)))
    done = run("request", tmp_path / "tone.json", "--out", tmp_path / "wave.json", "--json")
    assert done.code == 0, done.err
    assert json.loads((tmp_path / "wave.json").read_text()) == list(Session("cpu").run(ToneRequest(weights, 0.4)).wave)


def test_commands_list_it(weights: str, run: Runner) -> None:  # noqa: F811
    done = run("weights")
    assert done.code == 0 and "bells tones" in " ".join(done.out.split())


def test_the_command_line_measures_it(weights: str, tones: Path, tmp_path: Path, run: Runner) -> None:  # noqa: F811
    words = ["evaluate", "--weights", weights, "--data", tones]
    done = run(*words, "--json", "-", "--html", tmp_path / "page.html")
    assert done.code == 0, done.err
    measured = json.loads(done.out)
    assert (measured["split"], measured["tones"]) == ("val", 2)
    heard = [Session("cpu").run(ToneRequest(weights, pitch)).heard for pitch in (0.25, 0.55)]
    assert measured["pitch_error"] == pytest.approx(np.mean(np.abs(np.subtract(heard, (0.25, 0.55)))), rel=1e-5)
    page = (tmp_path / "page.html").read_text("utf-8")
    assert page.count("<img") == 2 and "pitch 0.25" in page and "photographs" not in page
    assert "bells (tones) on tones/val<" in page and "resolution" not in measured
    lines = run(*words, "--split", "train", "--limit", "3").out.splitlines()
    assert ["tones", "3"] in [line.split() for line in lines]


def test_it_stands_beside_others_in_its_own_table(weights: str, tones: Path, run: Runner) -> None:  # noqa: F811
    done = run("evaluate", "--weights", weights, "--weights", weights, "--data", tones)
    assert "**Tones**" in done.out and "| weights | tones | pitch error ↓ |" in done.out
    assert done.out.count(f"| {weights} (tones) |") == 2


def test_its_losses_and_numbers_have_names(weights: str, run: Runner) -> None:  # noqa: F811
    assert [number_name(key) for key in ("wave", "pitch")] == ["error of waves", "error of pitches heard"]
    assert "at training score -" in " ".join(run("weights", weights).out.split())


def test_weights_that_nobody_measures_are_refused(
    weights: str, tones: Path, run: Runner, monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> None:
    mute = dataclasses.replace(SYSTEM, measuring=Measuring())
    monkeypatch.setattr("engine.systems.SYSTEMS", (*engine.systems.SYSTEMS[:-1], mute))
    done = run("evaluate", "--weights", weights, "--data", tones)
    assert done.code == 2 and weights in one_sentence(done.err) and "measures nothing" in done.err


def test_what_it_cannot_do_is_one_sentence(weights: str, tones: Path, run: Runner, tmp_path: Path) -> None:  # noqa: F811
    paint = RenderRequest(weights, LabelMapData.from_array(np.zeros((32, 32), np.uint8)))
    with pytest.raises(WeightsError) as refused:
        Session("cpu").run(paint)
    assert weights in str(refused.value) and is_one_sentence(str(refused.value))
    with pytest.raises(EngineError) as refused:
        Session("cpu").run(ToneRequest("sean-faces"))
    assert is_one_sentence(str(refused.value))
    (tmp_path / "paint.json").write_text(to_json(paint))
    done = run("request", tmp_path / "paint.json", "--out", tmp_path / "out.png")
    assert done.code == 2 and weights in one_sentence(done.err)
    done = run("evaluate", "--weights", weights, "--data", tmp_path / "nowhere")
    assert done.code == 2 and "with the pitches of tones" in one_sentence(done.err)
    done = run("evaluate", "--weights", weights, "--data", tones, "--edits")
    assert done.code == 2 and weights in one_sentence(done.err)


def test_other_data_are_refused_by_what_they_should_hold(tiny_dataset: Path, tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="tones.json") as refused:
        prepare(RECIPE, tiny_dataset, tmp_path / "run")
    assert is_one_sentence(str(refused.value))
