"""Reading a run's reports as curves and sheets."""

from __future__ import annotations

import json
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.training.curve_math import smooth, thin, write_csv
from app.training.history import LOSSES, SPEED, VALIDATION, History, Series, Sheet, read_history
from app.training.run_folder import forget_unbegun, read_run, runs_in
from engine.errors import BadFile
from engine.metrics.names import shown_numbers
from engine.training.publish import publish


def step(number: int, loss: float, rate: float = 2.0) -> dict:
    return {"event": "step", "step": number, "seconds": number, "losses": {"l1": loss}, "images_per_second": rate}


def write_run(folder, lines: list[dict], *, cut: str = "", **recipe) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(line) + "\n" for line in lines) + cut
    (folder / "stats.jsonl").write_text(text, "utf-8")
    about = {"recipe": {"system": "sean", "steps": 9, "resolution": 32, "batch": 2} | recipe, "data": "/data/faces"}
    (folder / "config.json").write_text(json.dumps(about), "utf-8")


def test_reports_become_curves_numbers_and_sheets(tmp_path):
    lines = [
        step(1, 3.0),
        {"event": "samples", "step": 1, "seconds": 1, "path": "0000001.png"},
        {"event": "validation", "step": 1, "seconds": 1, "numbers": {"psnr": 12.5, "score": 12.5}},
        {"event": "checkpoint", "step": 1, "seconds": 1, "path": "checkpoints/last.pt"},
        step(2, 2.0, rate=4.0),
        {"event": "later engines say more", "step": 2},
    ]
    write_run(tmp_path / "run", lines)
    history = read_history(tmp_path / "run")
    steps, values = history.series[LOSSES, "l1"].arrays()
    assert steps.tolist() == [1, 2] and values.tolist() == [3.0, 2.0]
    assert history.names(VALIDATION) == ["psnr", "score"] and history.names(SPEED) == ["images_per_second"]
    assert history.sheets == [Sheet(1, tmp_path / "run" / "samples" / "0000001.png")]
    assert history.numbers == {"psnr": 12.5, "score": 12.5}
    assert history.rate() == 3.0
    assert history.step == 2


def test_a_score_that_is_another_number_is_shown_once(tmp_path):
    lines = [
        {"event": "validation", "step": 1, "numbers": {"psnr": 11.1, "score": 11.1}},
        {"event": "validation", "step": 2, "numbers": {"psnr": 12.0, "fid_mobilenet_v2": 40.0, "score": 10.0}},
    ]
    history = History(tmp_path)
    history.take("validation", lines[0])
    assert history.shown_names(VALIDATION) == ["psnr"] and shown_numbers(history.numbers) == {"psnr": 11.1}
    history.take("validation", lines[1])
    assert history.shown_names(VALIDATION) == ["psnr", "score", "fid_mobilenet_v2"]
    assert shown_numbers(history.numbers) == {"psnr": 12.0, "fid_mobilenet_v2": 40.0, "score": 10.0}
    assert shown_numbers({"fid_mobilenet_v2": 52.0, "score": -52.0}) == {"fid_mobilenet_v2": 52.0}


def test_a_line_cut_off_by_a_power_cut_is_passed_over(tmp_path):
    write_run(tmp_path, [step(1, 3.0)], cut='{"event": "step", "step": 2, "lo')
    assert read_history(tmp_path).step == 1


def test_a_resumed_run_replaces_what_it_does_again(tmp_path):
    sheet = {"event": "samples", "step": 3, "path": "0000003.png"}
    write_run(tmp_path, [step(1, 5.0), step(2, 4.0), step(3, 3.0), sheet, step(2, 4.5), step(3, 3.5)])
    history = read_history(tmp_path)
    assert history.series[LOSSES, "l1"].values.tolist() == [5.0, 4.5, 3.5]
    assert history.sheets == []


@pytest.mark.parametrize("loss", [None, "much", float("nan"), float("inf"), True])
def test_values_that_are_no_numbers_make_no_point(loss):
    history = History(None)
    history.take("step", step(1, loss))
    assert (LOSSES, "l1") not in history.series


def test_a_run_says_what_it_is(tmp_path):
    write_run(tmp_path / "run", [])
    info = read_run(tmp_path / "run")
    assert (info.system, info.steps, str(info.data), info.resumable, info.has_best) == (
        "sean",
        9,
        "/data/faces",
        False,
        False,
    )
    assert runs_in(tmp_path) == [tmp_path / "run"]
    assert runs_in(tmp_path / "nowhere") == []


@pytest.mark.parametrize("content", [None, "{", '{"recipe": 1}', "[]"])
def test_a_folder_that_is_no_run_gets_a_sentence(tmp_path, content):
    if content is not None:
        (tmp_path / "config.json").write_text(content)
    with pytest.raises(BadFile, match=r"config\.json.*; choose"):
        read_run(tmp_path)


def test_lists_of_runs_and_publishing_say_the_same_of_a_damaged_run(tmp_path):
    write_run(tmp_path, [])
    record = json.loads((tmp_path / "config.json").read_text("utf-8"))
    del record["recipe"]["steps"]
    (tmp_path / "config.json").write_text(json.dumps(record), "utf-8")
    (tmp_path / "best.safetensors").touch()
    sentences = []
    for use_run in (read_run, partial(publish, weights_name="mine")):
        with pytest.raises(BadFile, match='the key "steps" is missing') as caught:
            use_run(tmp_path)
        sentences.append(str(caught.value))
    assert sentences[0] == sentences[1]


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50), st.floats(0, 0.99))
def test_smoothing_stays_within_the_values(values, amount):
    out = smooth(np.array(values), amount)
    assert len(out) == len(values)
    assert out.min() >= min(values) - 1e-3 and out.max() <= max(values) + 1e-3
    assert out[0] == pytest.approx(values[0])


def test_long_curves_are_thinned_to_means():
    steps, values = thin(np.arange(10_001.0), np.ones(10_001), most_points=4000)
    assert len(steps) <= 4000 and (values == 1).all() and (np.diff(steps) > 0).all()
    steps, values = thin(np.arange(5.0), np.arange(5.0))
    assert len(steps) == 5


def test_curves_become_a_table():
    a, b = Series(LOSSES, "l1"), Series(LOSSES, 'odd, "name"')
    for x, y in ((1, 0.5), (2, 0.25)):
        a.steps.append(x)
        a.values.append(y)
    b.steps.append(2)
    b.values.append(3)
    assert write_csv([a, b]) == 'step,losses/l1,"losses/odd, ""name"""\n1,0.5,\n2,0.25,3\n'


def test_only_a_folder_that_the_run_itself_prepared_is_cleared(tmp_path):
    config = tmp_path / "run" / "config.json"
    config.parent.mkdir()
    config.write_text("{}")
    assert not forget_unbegun(config.parent, prepared=False) and config.is_file()  # another run's
    notes = config.with_name("notes.txt")
    notes.touch()
    assert not forget_unbegun(config.parent, prepared=True) and config.is_file()
    notes.unlink()
    assert forget_unbegun(config.parent, prepared=True) and not config.parent.exists()
    assert forget_unbegun(config.parent, prepared=False)  # it was never made
