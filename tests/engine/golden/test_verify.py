"""The authors' numbers hold, and whatever cannot be compared is said and fails."""

from __future__ import annotations

import importlib.util
import json
import math
import shutil
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from engine.cli import main
from engine.errors import BadFile
from engine.golden.cases import draw_input, draw_state, read_case
from engine.golden.verify import TOLERANCE, CaseResult, find_cases, run_case
from tests.engine.weights.published_files import (
    Shapes,
    encoder_shapes,
    patch_shapes,
    sean_shapes,
    smis_shapes,
    spade_shapes,
)

GOLDEN = Path(__file__).parents[2] / "golden"
SMALL = "patchgan_sean_ndf8_64"


@pytest.fixture(scope="module")
def recipe() -> ModuleType:
    """The authors' own description of how weights and inputs follow from names."""
    spec = importlib.util.spec_from_file_location("golden_recipe", GOLDEN / "recipe.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one small golden case."""
    for suffix in (".json", ".npz"):
        shutil.copy(GOLDEN / f"{SMALL}{suffix}", tmp_path)
    return tmp_path


def change(folder: Path, **changes: Any) -> Path:
    """Change top-level keys of the case's JSON (a callable gets the old value)."""
    path = folder / f"{SMALL}.json"
    spec = json.loads(path.read_text("utf-8"))
    for key, value in changes.items():
        spec[key] = value(spec[key]) if callable(value) else value
    path.write_text(json.dumps(spec), "utf-8")
    return path


def problem_of(path: Path) -> str:
    """The sentence of a case that cannot be compared."""
    result = run_case(path)
    assert math.isnan(result.max_abs_diff) and not result.holds
    assert "\n" not in result.problem and result.problem.endswith(".")
    return result.problem


# ---------------------------------------------------------------- the authors' numbers


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.json")), ids=lambda path: path.stem)
def test_the_golden_numbers_hold(path: Path) -> None:
    result = run_case(path)
    assert result.problem == ""
    assert result.max_abs_diff <= 1e-5 < TOLERANCE and result.holds


@pytest.mark.parametrize("name", ["patchgan_spade_ndf8_96", "spade_most_vae_ngf4_128", "spade_normal_ngf4_64"])
def test_weights_and_inputs_are_those_of_the_recipe_to_the_bit(recipe: ModuleType, name: str) -> None:
    spec, state, inputs, expected = recipe.load(name, GOLDEN)
    case = read_case(GOLDEN / f"{name}.json")
    for found, wanted in ((case.state(), state), (case.inputs(), inputs), (case.expected, expected)):
        assert list(found) == list(wanted)
        assert all(found[k].dtype == wanted[k].dtype for k in wanted)
        assert all(np.array_equal(found[k], wanted[k]) for k in wanted)


def test_every_rule_of_the_recipe_is_followed(recipe: ModuleType) -> None:
    shapes: Shapes = {
        "a.weight_v": (12,),
        "a.weight_orig": (4, 3, 2, 2),
        "a.weight_u": (4,),
        "b.bn.weight": (5,),
        "b.bn.num_batches_tracked": (),
        "ace.noise_var": (5,),
        "ace.blending_gamma": (1,),
        "lstm.bias_hh_l0": (8,),
        "emb.weight": (6, 3),
        "n.running_mean": (3,),
        "n.running_var": (3,),
    }
    inputs = {
        "x": {"kind": "labels", "classes": 4, "shape": [2, 17, 23]},
        "y": {"kind": "image", "shape": [1, 3, 9, 14]},
        "z": {"kind": "normal", "shape": [2, 5]},
        "t": {"kind": "tokens", "high": 9, "shape": [2, 5]},
    }
    wanted = recipe.state_dict({"seed": 7, "state": shapes})
    found = draw_state(7, shapes)
    assert list(found) == list(wanted) and all(np.array_equal(found[k], wanted[k]) for k in wanted)
    for name, array in recipe.inputs({"seed": 7, "inputs": inputs}).items():
        assert np.array_equal(draw_input(7, name, inputs[name]), array)


# ---------------------------------------------------------------- other widths, label counts and sizes


def _write_case(
    folder: Path, config: dict[str, Any], shapes: Shapes, inputs: dict[str, Any], outputs: dict[str, np.ndarray]
) -> Path:
    spec = {"name": "other", "seed": 5, "config": config, "state": shapes, "inputs": inputs}
    path = folder / "other.json"
    path.write_text(json.dumps(spec), "utf-8")
    np.savez(path.with_suffix(".npz"), **outputs)  # type: ignore[arg-type]
    return path


@pytest.mark.parametrize(
    ("config", "shapes", "inputs", "outputs"),
    [
        (
            {"model": "sean", "ngf": 2, "label_nc": 7, "crop_size": 96, "style_dim": 10, "spade_hidden": 6},
            sean_shapes(2, 7, 10, 6),
            {
                "labels": {"kind": "labels", "classes": 7, "shape": [1, 96, 96]},
                "image": {"kind": "image", "shape": [1, 3, 96, 96]},
            },
            {"image": (1, 3, 96, 96), "style_codes": (1, 7, 10), "up_0": (1, 3, 12, 12)},
        ),
        (
            {
                "model": "multiscale_patch_discriminator",
                "num_D": 3,
                "n_layers": 5,
                "last_hidden_stride": 2,
                "ndf": 4,
                "label_nc": 3,
                "lambda_feat": 2.5,
            },
            patch_shapes(4, 3, 5, 3),
            {
                "labels": {"kind": "labels", "classes": 3, "shape": [1, 128, 128]},
                "fake": {"kind": "image", "shape": [1, 3, 128, 128]},
                "real": {"kind": "image", "shape": [1, 3, 128, 128]},
            },
            {"d0_logits": (2, 1, 6, 6), "d1_logits": (2, 1, 4, 4), "d2_logits": (2, 1, 3, 3), "loss_G_hinge": ()},
        ),
        (
            {
                "model": "spade",
                "ngf": 2,
                "label_nc": 4,
                "crop_size": 256,
                "aspect_ratio": 2.0,
                "num_upsampling_layers": "more",
            },
            spade_shapes(2, 4),
            {"labels": {"kind": "labels", "classes": 4, "shape": [1, 128, 256]}},
            {"image": (1, 3, 128, 256)},
        ),
        (
            {"model": "smis", "variant": "ade20k", "ngf": 1, "label_nc": 4, "semantic_nc": 5, "crop_size": 256},
            smis_shapes("ade20k", 1, 5),
            {
                "labels": {"kind": "labels", "classes": 5, "shape": [1, 256, 256]},
                "z": {"kind": "normal", "shape": [1, 40, 4, 4]},
            },
            {"image": (1, 3, 256, 256), "up_1": (1, 3, 64, 64)},
        ),
        (
            {"model": "smis_encoder", "variant": "cityscapes", "label_nc": 35, "norm_E": "spectralinstance"},
            encoder_shapes(35, 35),
            {
                "labels": {"kind": "labels", "classes": 35, "shape": [1, 256, 512]},
                "image": {"kind": "image", "shape": [1, 3, 256, 512]},
            },
            {"mu": (1, 280, 4, 8), "logvar": (1, 280, 4, 8), "regions": (1, 105, 32, 64)},
        ),
    ],
    ids=["sean", "discriminator", "spade", "smis", "smis encoder"],
)
def test_cases_of_other_sizes_are_computed(
    tmp_path: Path,
    config: dict[str, Any],
    shapes: Shapes,
    inputs: dict[str, Any],
    outputs: dict[str, tuple[int, ...]],
) -> None:
    """Against zeros: what counts is that every output is there, in its shape, and finite."""
    zeros = {name: np.zeros(shape, np.float32) for name, shape in outputs.items()}
    result = run_case(_write_case(tmp_path, config, shapes, inputs, zeros))
    assert result.problem == "" and 0 < result.max_abs_diff < math.inf


# ---------------------------------------------------------------- what does not hold


def test_a_difference_is_measured(folder: Path) -> None:
    path = folder / f"{SMALL}.npz"
    arrays = dict(np.load(path))
    arrays["loss_G_hinge"] = arrays["loss_G_hinge"] + np.float32(0.25)
    np.savez(path, **arrays)
    (result,) = map(run_case, find_cases([folder]))
    assert result.max_abs_diff == pytest.approx(0.25, abs=1e-4) and not result.holds


def test_a_kind_of_a_later_version_is_said_to_be_unsupported(folder: Path) -> None:
    path = change(folder, config=lambda config: config | {"model": "attngan_generator"})
    assert "attngan_generator" in problem_of(path) and "not yet supported" in problem_of(path)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"state": lambda state: {k: v for k, v in state.items() if "model0.0.bias" not in k}}, "is missing"),
        ({"state": lambda state: state | {"discriminator_0.surplus": [3]}}, "is not known"),
        ({"config": lambda config: config | {"ndf": 16}}, "says ndf 16"),
        ({"config": lambda config: config | {"norm": "spectralbatch"}}, "spectralbatch"),
        ({"inputs": lambda inputs: {k: v for k, v in inputs.items() if k != "real"}}, "real"),
        ({"inputs": lambda inputs: inputs | {"real": {"kind": "video", "shape": [1]}}}, "video"),
        ({"seed": "soon"}, "not a golden case"),
        ({"state": None}, "not a golden case"),
    ],
)
def test_a_case_that_does_not_fit_is_named_with_its_reason(folder: Path, changes: dict[str, Any], says: str) -> None:
    assert says in problem_of(change(folder, **changes))


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("d0_logits", np.zeros((4, 1, 3, 3), np.float32), "(4, 1, 10, 10), expected (4, 1, 3, 3)"),
        ("d0_logits", np.full((4, 1, 10, 10), np.nan, np.float32), "not numbers"),
        ("magic", np.zeros(3, np.float32), "magic"),
    ],
)
def test_an_output_that_cannot_be_compared_is_named(folder: Path, name: str, value: np.ndarray, says: str) -> None:
    path = folder / f"{SMALL}.npz"
    np.savez(path, **{**dict(np.load(path)), name: value})
    assert says in problem_of(folder / f"{SMALL}.json")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 and then nothing", b"text"])
def test_damaged_outputs_are_named(folder: Path, content: bytes) -> None:
    (folder / f"{SMALL}.npz").write_bytes(content)
    assert f"{SMALL}.npz" in problem_of(folder / f"{SMALL}.json")


def test_outputs_that_hold_code_are_not_opened(folder: Path) -> None:
    np.savez(folder / f"{SMALL}.npz", image=np.array([print], dtype=object))
    assert f"{SMALL}.npz" in problem_of(folder / f"{SMALL}.json")


def test_missing_outputs_and_broken_json_do_not_hide_a_case(folder: Path) -> None:
    (folder / f"{SMALL}.npz").unlink()
    assert f"{SMALL}.npz" in problem_of(find_cases([folder])[0])
    (folder / "broken.json").write_text("{", "utf-8")
    (folder / "broken.npz").touch()
    assert [result.name for result in map(run_case, find_cases([folder]))] == ["broken", SMALL]


def test_nothing_in_the_folder_is_run(folder: Path) -> None:
    (folder / "recipe.py").write_text("raise SystemExit('run')", "utf-8")
    (folder / "notes.json").write_text('{"by": "me"}', "utf-8")
    (result,) = map(run_case, find_cases([folder]))
    assert result.holds


# ---------------------------------------------------------------- naming cases


def test_a_case_is_named_by_folder_file_or_name(folder: Path) -> None:
    wanted = [folder / f"{SMALL}.json"]
    for given in ([folder], wanted, [folder / SMALL], [folder / f"{SMALL}.npz"], [folder, folder / SMALL]):
        assert find_cases(given) == wanted


@pytest.mark.parametrize("name", ["nowhere", "nowhere.json", "empty"])
def test_what_names_no_case_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadFile, match=name):
        find_cases([tmp_path / name])


def test_only_numbers_within_the_tolerance_hold() -> None:
    assert CaseResult("a", TOLERANCE, 0.0).holds
    assert not CaseResult("a", TOLERANCE * 1.01, 0.0).holds
    assert not CaseResult("a", math.nan, 0.0, "why").holds


# ---------------------------------------------------------------- the command


def test_the_command_prints_a_line_for_each_case_and_fails_for_one(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def tessera(*words: object) -> tuple[int, str]:
        with pytest.raises(SystemExit) as left:
            main(["verify", *(str(word) for word in words)])
        return int(left.value.code or 0), capsys.readouterr().out

    code, out = tessera(folder)
    name, difference, seconds = out.split()
    assert (code, name) == (0, SMALL) and float(difference) <= 1e-5 and float(seconds) >= 0
    change(folder, config=lambda config: config | {"model": "alrgan"})
    code, out = tessera(folder, "--json")
    answer = json.loads(out)
    assert code == 1 and answer["failed"] == [SMALL] and "alrgan" in answer["cases"][0]["problem"]
