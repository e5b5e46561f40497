"""The authors' files: read whole, refused in one sentence, and what they become."""

from __future__ import annotations

import json
import os
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine.cli import main
from engine.errors import BadFile, WeightsError
from engine.golden.cases import read_case
from engine.golden.verify import run_case
from engine.labels.label_sets import load_label_set
from engine.nn.blocks import one_hot
from engine.nn.discriminators import PatchDiscriminatorConfig
from engine.requests.label_map_data import LabelMapData
from engine.requests.render import RenderRequest
from engine.requests.styles import MEAN, ImageStyle, MixStyle, encode_code
from engine.session import Session
from engine.systems import system as system_of
from engine.systems.sean.network import SEANConfig, SEANGenerator
from engine.systems.smis.network import SMISConfig
from engine.systems.spade.network import SPADEConfig
from engine.weights.networks import network_of
from engine.weights.published import convert, import_published, read_published
from engine.weights.store import load_weights
from tests.engine.test_files import is_one_sentence
from tests.engine.weights.published_files import (
    Shapes,
    encoder_shapes,
    patch_shapes,
    sean_shapes,
    smis_shapes,
    spade_shapes,
    state_of,
    write_pth,
)
from tests.fixtures import face_label_map, photo_of

GOLDEN = Path(__file__).parents[2] / "golden"


def refusal(path: Path) -> WeightsError:
    """The error of a file that must not be read; its sentence names the file."""
    with pytest.raises(WeightsError) as caught:
        read_published(path)
    sentence = str(caught.value)
    assert str(path) in sentence and "\n" not in sentence and sentence.endswith("."), sentence
    return caught.value


# ---------------------------------------------------------------- what is read


def test_the_keys_of_these_tests_are_those_of_the_authors() -> None:
    shapes = read_case(GOLDEN / "sean_ngf4_64.json").shapes
    assert sean_shapes(4, 19, 512, 128) == shapes and len(shapes) == 982
    assert patch_shapes(8, 19, 3) == read_case(GOLDEN / "patchgan_sean_ndf8_64.json").shapes
    assert patch_shapes(8, 9, 4) == read_case(GOLDEN / "patchgan_spade_ndf8_96.json").shapes
    assert spade_shapes(4, 6) == read_case(GOLDEN / "spade_normal_ngf4_64.json").shapes
    most = read_case(GOLDEN / "spade_most_vae_ngf4_128.json").shapes
    assert spade_shapes(4, 5, most=True, latent=256, pixels=1) == most
    for variant, ngf, labels, name in (
        ("deepfashion", 8, 8, "smis_deepfashion_ngf8_256"),
        ("ade20k", 16, 15, "smis_ade20k_ngf16_256"),
        ("cityscapes", 70, 35, "smis_cityscapes_ngf70_512x256"),
    ):
        assert smis_shapes(variant, ngf, labels) == read_case(GOLDEN / f"{name}.json").shapes
    assert encoder_shapes(256, 8) == read_case(GOLDEN / "smis_encoder_deepfashion_256.json").shapes
    assert encoder_shapes(4) == read_case(GOLDEN / "spade_encoder_ngf4_256.json").shapes


@pytest.mark.parametrize("legacy", [True, False], ids=["2019", "today"])
def test_a_sean_fills_our_generator(tmp_path: Path, legacy: bool) -> None:
    state = state_of(sean_shapes(ngf=2, labels=4, style=6, hidden=5))
    published = read_published(write_pth(tmp_path / "latest_net_G.pth", state, legacy=legacy))
    config = published.config
    assert isinstance(config, SEANConfig)
    assert config.channels == (32, 32, 32, 32, 16, 8, 4, 2)
    assert (config.labels, config.style_width, config.style_hidden, config.spade_hidden) == (4, 6, 6, 5)
    assert (config.resolution, config.encoder.widths, config.encoders) == (256, (32, 64, 128, 256), "unified")
    SEANGenerator(config).load_state_dict(published.state)  # strict: nothing missing, nothing left

    ours = published.state
    assert torch.equal(ours["start.weight"], state["fc.weight"])
    assert torch.equal(ours["encoders.0.conv_3.weight"], state["Zencoder.model.10.weight"])
    assert torch.equal(ours["blocks.6.norm_s.noise_strength"], state["up_3.ace_s.noise_var"])
    assert torch.equal(ours["blocks.2.norm_1.blend_beta"], state["G_middle_1.ace_1.blending_beta"])
    assert torch.equal(ours["blocks.3.norm_s.style_transform.weight"][2], state["up_0.ace_s.fc_mu2.weight"])
    assert torch.equal(ours["blocks.1.norm_0.norm.running_var"], state["G_middle_0.ace_0.param_free_norm.running_var"])


def test_spectral_norm_is_folded_with_the_stored_vectors(tmp_path: Path) -> None:
    """Even where they are not (yet) the singular vectors: the published network divides by u^T W v as it is."""
    state = state_of(sean_shapes())
    torch.manual_seed(0)
    for part in ("u", "v"):
        state[f"up_2.conv_0.weight_{part}"] = torch.randn_like(state[f"up_2.conv_0.weight_{part}"])
    weight, u, v = (state[f"up_2.conv_0.weight_{part}"].clone() for part in ("orig", "u", "v"))
    folded = read_published(write_pth(tmp_path / "g.pth", state)).state["blocks.5.conv_0.weight"]
    torch.testing.assert_close(folded, weight / (u @ weight.flatten(1) @ v))


@pytest.mark.parametrize(("layers", "stride"), [(3, 2), (4, 1)], ids=["SEAN", "SPADE"])
def test_both_discriminators_fill_ours(tmp_path: Path, layers: int, stride: int) -> None:
    path = write_pth(tmp_path / "latest_net_D.pth", state_of(patch_shapes(4, 6, layers)))
    published = read_published(path)
    assert published.config == PatchDiscriminatorConfig(9, 4, layers, stride)
    published.kind.network.build(published.config).load_state_dict(published.state)


@pytest.mark.parametrize(
    ("shapes", "config"),
    [
        (spade_shapes(2, 4), SPADEConfig(labels=4, width=2)),
        (spade_shapes(2, 184), SPADEConfig(labels=183, edges=True, width=2)),
        (
            spade_shapes(2, 36),
            SPADEConfig(labels=35, edges=True, width=2, depth="more", resolution=512, aspect_ratio=2.0),
        ),
        (
            spade_shapes(2, 4, most=True, latent=7),
            SPADEConfig(labels=4, width=2, depth="most", resolution=256, latent=7, encoder=None),
        ),
    ],
    ids=["normal", "coco", "cityscapes", "vae"],
)
def test_spade_fills_ours(tmp_path: Path, shapes: dict[str, tuple[int, ...]], config: SPADEConfig) -> None:
    published = read_published(write_pth(tmp_path / "latest_net_G.pth", state_of(shapes)))
    assert published.config == config
    system_of("spade").network.build(config).load_state_dict(published.state)


def test_spade_with_parameter_free_instance_norm_is_imported_and_paints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The published code's "spadeinstance3x3", which others trained: its norms leave no tensors in the file."""
    shapes = {key: shape for key, shape in spade_shapes(2, 19).items() if ".param_free_norm." not in key}
    path = write_pth(tmp_path / "latest_net_G.pth", state_of(shapes))
    assert read_published(path).config == SPADEConfig(labels=19, width=2, norm="instance")
    monkeypatch.setenv("TESSERA_WEIGHTS", str(tmp_path / "weights"))
    import_published(path, "instance", tmp_path / "weights")
    network = network_of(load_weights("instance")).eval()
    label_map = face_label_map(64)
    result = Session("cpu").run(RenderRequest("instance", LabelMapData.from_array(label_map)))
    with torch.inference_mode():
        picture = network(one_hot(torch.from_numpy(label_map).long()[None], 19))[0].permute(1, 2, 0)
        shifted = torch.nn.functional.instance_norm(features := torch.randn(1, 32, 4, 4))
    expected = ((picture + 1) * 127.5).round().clamp(0, 255).byte().numpy()
    assert np.abs(result.pixels.astype(int) - expected.astype(int)).max() <= 1
    assert torch.equal(network.blocks[0].norm_0.norm(features), shifted)


def test_a_golden_case_of_spade_with_instance_norm_is_verified(tmp_path: Path) -> None:
    shapes = {key: shape for key, shape in spade_shapes(2, 4).items() if ".param_free_norm." not in key}
    config = {"model": "spade", "ngf": 2, "label_nc": 4, "crop_size": 64}
    inputs = {"labels": {"kind": "labels", "classes": 4, "shape": [1, 64, 64]}}
    spec = {"name": "instance", "seed": 5, "config": config, "state": shapes, "inputs": inputs}
    (tmp_path / "instance.json").write_text(json.dumps(spec), "utf-8")
    np.savez(tmp_path / "instance.npz", image=np.zeros((1, 3, 64, 64), np.float32))
    result = run_case(tmp_path / "instance.json")
    assert result.problem == "" and 0 < result.max_abs_diff <= 1


@pytest.mark.parametrize(
    ("variant", "ngf", "labels"),
    [
        ("deepfashion", 2, 8),
        ("deepfashion", 4, 16),  # eight groups of latents all the same
        ("ade20k", 2, 4),  # a first block as wide as the second
        ("ade20k", 1, 19),
        ("ade20k", 3, 16),  # sixteen groups divide the labels
        ("cityscapes", 70, 35),
    ],
)
def test_a_smis_of_any_size_fills_ours(variant: str, ngf: int, labels: int) -> None:
    published = convert(state_of(smis_shapes(variant, ngf, labels)), "g")
    config = published.config
    assert isinstance(config, SMISConfig) and config.encoder is None
    assert (config.schedule, config.width, config.labels) == (variant, ngf, labels)
    assert (config.resolution, config.aspect_ratio) == ((512, 2.0) if variant == "cityscapes" else (256, 1.0))
    system_of("smis").network.build(config).load_state_dict(published.state)


@pytest.mark.parametrize(
    ("generator", "encoder", "system", "swapped"),
    [
        (smis_shapes("ade20k", 1, 6), encoder_shapes(6, 6), "smis", False),
        (spade_shapes(2, 4, latent=256), encoder_shapes(2), "spade", True),
    ],
)
def test_an_encoder_joins_its_generator(
    tmp_path: Path, generator: Shapes, encoder: Shapes, system: str, swapped: bool
) -> None:
    """Whichever file is named first; together they encode and paint."""
    paths = [write_pth(tmp_path / "G.pth", state_of(generator)), write_pth(tmp_path / "E.pth", state_of(encoder))]
    first, second = reversed(paths) if swapped else paths
    published = read_published(first, encoder=second)
    assert published.system.id == system
    network: Any = published.kind.network.build(published.config)
    network.load_state_dict(published.state)
    alone = convert(state_of(encoder), "e")
    assert all(torch.equal(tensor, published.state[f"encoder.{key}"]) for key, tensor in alone.state.items())
    labels, side = network.config.labels, network.config.resolution
    with torch.no_grad():
        hot = one_hot(torch.randint(0, labels, (1, side, side)), labels)
        mean, _ = network.eval().encode(torch.rand(1, 3, side, side) * 2 - 1, hot)
        assert network(hot, mean).shape == (1, 3, side, side)


@pytest.mark.parametrize(
    ("first", "second", "says"),
    [
        (smis_shapes("ade20k", 1, 6), encoder_shapes(2), "not an image encoder of SMIS"),
        (spade_shapes(2, 4, latent=256), encoder_shapes(6, 6), "not an image encoder of SPADE"),
        (sean_shapes(), encoder_shapes(2), "without"),
        (smis_shapes("ade20k", 1, 6), encoder_shapes(8, 8), "for 8 labels, not for 6"),
    ],
)
def test_an_encoder_of_another_network_is_refused(tmp_path: Path, first: Shapes, second: Shapes, says: str) -> None:
    paths = [write_pth(tmp_path / "G.pth", state_of(first)), write_pth(tmp_path / "E.pth", state_of(second))]
    with pytest.raises(WeightsError, match=says) as caught:
        read_published(paths[0], encoder=paths[1])
    assert is_one_sentence(str(caught.value))


def test_a_smis_with_a_wrong_tensor_is_named_as_such() -> None:
    state = state_of(smis_shapes("deepfashion", 2, 8))
    state["up_3.norm_0.mlp_gamma.weight"] = torch.zeros(4, 16, 3, 3)
    with pytest.raises(WeightsError, match=r"SMIS as published, 1 difference: up_3.norm_0.mlp_gamma.weight is 4 x 16"):
        convert(state, "g")


def test_what_old_files_lack_or_store_in_half_precision_is_no_difference(tmp_path: Path) -> None:
    state = {k: v.half() for k, v in state_of(sean_shapes()).items() if not k.endswith("num_batches_tracked")}
    published = read_published(write_pth(tmp_path / "g.pth", state))
    assert {str(v.dtype) for k, v in published.state.items() if "tracked" not in k} == {"torch.float32"}
    SEANGenerator(published.config).load_state_dict(published.state)  # type: ignore[arg-type]


def test_nineteen_style_transforms_of_a_network_with_fewer_labels_are_known(tmp_path: Path) -> None:
    """The published code makes 19 whatever the label count; those without a label are never used."""
    more = {k: s for k, s in sean_shapes(labels=19).items() if ".fc_mu" in k}
    published = read_published(write_pth(tmp_path / "g.pth", state_of(sean_shapes(labels=4) | more)))
    assert published.state["blocks.0.norm_0.style_transform.bias"].shape == (4, 6)


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize("legacy", [True, False], ids=["2019", "today"])
@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.9, 0.9999])
def test_a_truncated_file_is_refused(tmp_path: Path, legacy: bool, share: float) -> None:
    path = write_pth(tmp_path / "cut.pth", state_of(patch_shapes()), legacy=legacy)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    assert "truncated" in str(refusal(path))


@pytest.mark.parametrize("content", [b"", b"no weights at all\n", b"\x80\x02.", b"\x89PNG\r\n\x1a\n" + bytes(99)])
def test_a_file_of_another_kind_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "权重 file.pth"
    path.write_bytes(content)
    refusal(path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    refusal(tmp_path / "nowhere.pth")
    refusal(tmp_path)


class _Payload:
    """Pickles as a call of os.mkdir."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("legacy", [True, False], ids=["2019", "today"])
def test_code_in_a_file_is_not_run(tmp_path: Path, legacy: bool) -> None:
    trap = tmp_path / "trap"
    content = {"fc.weight": torch.zeros(3), "more": _Payload(trap)}
    sentence = str(refusal(write_pth(tmp_path / "evil.pth", content, legacy=legacy)))
    assert "code" in sentence
    assert not trap.exists()


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_code_in_a_bare_pickle_is_not_run_and_is_the_reason(tmp_path: Path, protocol: int) -> None:
    trap, path = tmp_path / "trap", tmp_path / "evil.pth"
    path.write_bytes(pickle.dumps({"fc.weight": _Payload(trap)}, protocol=protocol))
    assert "run code, so it was not opened" in str(refusal(path))
    assert not trap.exists()


@pytest.mark.parametrize(
    "content", [[1, 2], {}, {"a": 1}, {1: torch.zeros(2)}, {"net": {"a": torch.zeros(2)}}, torch.zeros(3)]
)
def test_what_is_no_state_dict_is_refused(tmp_path: Path, content: Any) -> None:
    assert "latest_net_G.pth" in str(refusal(write_pth(tmp_path / "odd.pth", content)))


def test_another_network_is_refused_by_name_of_its_first_tensor(tmp_path: Path) -> None:
    path = write_pth(tmp_path / "vgg.pth", {"features.0.weight": torch.zeros(4, 3, 3, 3)})
    assert "features.0.weight" in str(refusal(path))


def test_the_first_five_differences_are_named_and_all_are_in_the_details(tmp_path: Path) -> None:
    state = state_of(sean_shapes(labels=4))
    gone = ["head_0.conv_0.bias", "up_1.ace_s.fc_mu3.weight", "up_3.ace_0.noise_var"]
    for key in gone:
        del state[key]
    state["fc.weight"] = torch.zeros(16, 5, 3, 3)
    state["conv_img.bias"] = torch.zeros(3, dtype=torch.int32)
    state["surplus.weight"] = torch.zeros(1)
    state["another"] = torch.zeros(1)
    error = refusal(write_pth(tmp_path / "g.pth", state))
    sentence = str(error)
    assert "7 differences" in sentence and "SEAN" in sentence
    for key in gone:
        assert f"{key} is missing" in sentence
    assert "fc.weight is 16 x 5 x 3 x 3 instead of 16 x 4 x 3 x 3" in sentence
    assert "conv_img.bias holds int32 values" in sentence
    assert "surplus" not in sentence
    assert "surplus.weight is not known" in error.details and "another is not known" in error.details


def test_one_difference_is_one(tmp_path: Path) -> None:
    state = state_of(patch_shapes())
    state["discriminator_1.model1.0.0.weight_u"] = torch.zeros(9)
    sentence = str(refusal(write_pth(tmp_path / "d.pth", state)))
    assert "1 difference: discriminator_1.model1.0.0.weight_u is 9 instead of 8;" in sentence


def test_shapes_that_make_no_network_are_refused(tmp_path: Path) -> None:
    shapes = {"discriminator_0.model0.0.weight": (1, 40000, 1, 1), "discriminator_0.model1.0.bias": (1,)}
    refusal(write_pth(tmp_path / "d.pth", {k: torch.zeros(1).expand(s) for k, s in shapes.items()}))
    refusal(write_pth(tmp_path / "e.pth", {"discriminator_0.x": torch.zeros(0)}))
    refusal(write_pth(tmp_path / "f.pth", {"Zencoder.model.1.weight": torch.zeros(0, 0)}))


# ---------------------------------------------------------------- what becomes of it


def test_imported_weights_have_a_card_and_load(tmp_path: Path) -> None:
    path = write_pth(tmp_path / "latest_net_G.pth", state_of(sean_shapes(labels=19)))
    card = import_published(path, "celeba", tmp_path / "weights")
    weights = load_weights(tmp_path / "weights" / "celeba")
    assert weights.card == card and card.name == "celeba" and card.system == "sean"
    assert "CC BY-NC-SA 4.0" in card.weights_licence and "non-commercial" in card.data_licence
    labels = card.labels()
    assert labels is not None and labels.same_labels(load_label_set("celebamask_hq"))
    generator = system_of(card.system).network.build(system_of(card.system).network.read_config(card.config))
    generator.load_state_dict(weights.state)


def test_imported_weights_paint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the authors' file to pixels, by the same door as any other weights."""
    path = write_pth(tmp_path / "latest_net_G.pth", state_of(sean_shapes(labels=19)))
    monkeypatch.setenv("TESSERA_WEIGHTS", str(tmp_path / "weights"))
    import_published(path, "celeba", tmp_path / "weights")
    session, label_map = Session("cpu"), face_label_map(64)
    codes = session.encode("celeba", photo_of(label_map), label_map)
    assert codes.codes.shape == (19, 6) and codes.present.sum() == len(np.unique(label_map))
    request = RenderRequest("celeba", LabelMapData.from_array(label_map), seed=3)
    result = session.run(request)
    pixels = result.pixels
    assert pixels.shape == (64, 64, 3) and pixels.std() > 0
    told = "These weights come without a mean style; give each region a style."
    assert result.notes == (told,) and "mean style" in load_weights(tmp_path / "weights" / "celeba").card.notes
    styles = {
        int(label): ImageStyle("a.jpg", int(label), code=encode_code(codes.codes[label]))
        for label in np.flatnonzero(codes.present)
    }
    assert session.run(request.replace(styles=styles)).notes == ()
    styles[13] = MixStyle(styles[13], MEAN, 0.5)
    assert session.run(request.replace(styles=styles)).notes == (told,)
    assert np.array_equal(pixels, session.run(request).pixels)


def test_a_label_count_of_no_or_several_label_sets_must_be_named(tmp_path: Path) -> None:
    path = write_pth(tmp_path / "g.pth", state_of(sean_shapes(labels=4)))
    with pytest.raises(WeightsError, match="4 labels; say which"):
        import_published(path, "four", tmp_path)
    with pytest.raises(WeightsError, match="4 labels.*has 19"):
        import_published(path, "four", tmp_path, label_set=load_label_set("faces"))
    assert not (tmp_path / "four").exists()
    twelve = write_pth(tmp_path / "twelve.pth", state_of(sean_shapes(labels=12)))
    with pytest.raises(WeightsError, match="12 labels; say which"):  # street and facades
        import_published(twelve, "twelve", tmp_path)
    of_a_folder = replace(load_label_set("facades"), order="ids", colours=((1, 2),))
    card = import_published(twelve, "twelve", tmp_path, label_set=of_a_folder)
    assert card.label_set == load_label_set("facades").to_dict()  # what was said of a folder's files stays there


def test_a_discriminator_needs_no_label_set(tmp_path: Path) -> None:
    card = import_published(write_pth(tmp_path / "d.pth", state_of(patch_shapes())), "judge", tmp_path)
    assert (card.system, list(card.networks), card.label_set) == ("sean", ["discriminator"], {})


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    path = write_pth(tmp_path / "d.pth", state_of(patch_shapes()))
    with pytest.raises(BadFile) as caught:
        import_published(path, "judge", path)
    assert is_one_sentence(str(caught.value))


def test_the_command_imports_and_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from engine.weights.store import user_weights_folder

    def tessera(*words: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            main([str(word) for word in words])
        return int(left.value.code or 0), *capsys.readouterr()

    path = write_pth(tmp_path / "latest_net_G.pth", state_of(sean_shapes(labels=19)), legacy=True)
    code, out, _ = tessera("import", path, "--name", "celeba", "--json")
    assert code == 0 and json.loads(out)["system"] == "sean"
    assert load_weights(user_weights_folder() / "celeba").card.made_with == "imported from latest_net_G.pth"
    path.write_bytes(path.read_bytes()[:-1000])
    code, out, err = tessera("import", path, "--name", "cut")
    assert (code, out) == (2, "") and "truncated" in err and err.count("\n") == 1
    assert not (user_weights_folder() / "cut").exists()

    generator = write_pth(tmp_path / "latest_net_G.pth", state_of(spade_shapes(1, 19, latent=256)))
    encoder = write_pth(tmp_path / "latest_net_E.pth", state_of(encoder_shapes(1)))
    code, out, _ = tessera("import", generator, "--name", "alone", "--json")
    assert code == 0 and "No image encoder" in load_weights(user_weights_folder() / "alone").card.notes
    code, out, _ = tessera("import", generator, "--encoder", encoder, "--name", "both", "--json")
    card = load_weights(user_weights_folder() / "both").card
    assert code == 0 and json.loads(out)["system"] == "spade" and card.config["encoder"]["width"] == 1
    assert "No image encoder" not in card.notes
    assert card.made_with == "imported from latest_net_G.pth and latest_net_E.pth"
