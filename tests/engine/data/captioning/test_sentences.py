"""Sentences say nothing but what was measured, and keep what they say; a folder of them is read as others are."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.data.caption_files import join_layouts, read_layouts
from engine.data.captioning.attributes import MOST_COUNTED, Attribute
from engine.data.captioning.colours import HAIR, PLAIN
from engine.data.captioning.nouns import NOUNS, Scene, noun_of, scene_of
from engine.data.captioning.phrases import NUMBERS
from engine.data.captioning.sentences import Sentence, sentences_about
from engine.data.captioning.write import STATED, Captioning, caption_folder
from engine.data.captions import CaptionFolder, Layouts
from engine.data.kinds import CAPTIONED, first_lack, inspect_folder
from engine.errors import BadFile
from engine.labels.label_sets import load_label_set
from tests.commands import Runner, one_sentence, run  # noqa: F401
from tests.engine.data.test_kinds import write_layouts
from tests.engine.test_files import is_one_sentence
from tests.fixtures import write_dataset

LABEL_SETS: dict[Scene, str] = {"face": "faces", "street": "street", "front": "facades", "scene": "ade20k"}
FACTS = {
    "person.sex": ("woman", "man"), "person.age": ("young", "middle-aged", "old"), "person.expression": ("smiling",),
    "hair.texture": ("curly",), "hair.length": ("long", "short"), "mouth.state": ("open", "closed"),
}  # fmt: skip
BY_HAND = json.loads(Path(__file__).with_name("by_hand.json").read_text("utf-8"))


@st.composite
def pictures(draw: st.DrawFn) -> tuple[Scene, list[Attribute]]:
    """A scene, and what could be measured in a picture of it."""
    scene: Scene = draw(st.sampled_from(sorted(LABEL_SETS)))
    names = [label.name for label in load_label_set(LABEL_SETS[scene]).labels if noun_of(label.name) is not None]
    attributes = []
    for name in draw(st.lists(st.sampled_from(names), max_size=7, unique=True)):
        noun = noun_of(name)
        assert noun is not None
        attributes.append(Attribute(name, "present", "yes"))
        if noun.number == "counted":
            counts = [*map(str, range(1, MOST_COUNTED + 1)), "many"]
            attributes.append(Attribute(name, "count", draw(st.sampled_from(counts))))
        if noun.palette is not None:
            colours = draw(st.lists(st.sampled_from(noun.palette.names()), max_size=2, unique=True))
            attributes += [Attribute(name, "colour", colour) for colour in colours]
        for aspect, values in (("side", "left middle right"), ("level", "top middle bottom"), ("size", "large small")):
            if (noun.sized if aspect == "size" else noun.placed) and draw(st.booleans()):
                attributes.append(Attribute(name, aspect, draw(st.sampled_from(values.split()))))
    if scene == "face":
        for name, values in FACTS.items():
            if draw(st.booleans()):
                attributes.append(Attribute(*name.split("."), draw(st.sampled_from(values))))
    return scene, attributes


SAID = {
    "count": {**{str(n): (word, *(("a single",) if n == 1 else ())) for n, word in enumerate(NUMBERS, 1)},
              "many": ("many", "a lot of")},
    "side": {"left": ("left",), "middle": ("middle", "centre"), "right": ("right",)},
    "level": {"top": ("at the top",), "bottom": ("at the bottom",)},
    "size": {"large": ("large", "big"), "small": ("small", "little")},
    "age": {"old": ("old", "elderly")},
}  # fmt: skip
"""How values are put in words, where they are not their own word."""


def says(text: str, words: tuple[str, ...]) -> bool:
    return any(re.search(rf"\b{re.escape(word)}\b", text) for word in words)


def words_of(attribute: Attribute) -> tuple[str, ...]:
    """What must stand in a sentence that states it, one of them at least."""
    if attribute.aspect == "present":
        noun = noun_of(attribute.subject)
        assert noun is not None
        return tuple(word for forms in noun.words for word in forms)
    return SAID.get(attribute.aspect, {}).get(attribute.value, (attribute.value,))


@settings(deadline=None, max_examples=150)
@given(pictures(), st.integers(0, 5))
def test_a_sentence_states_only_what_was_measured_and_in_words(
    picture: tuple[Scene, list[Attribute]], seed: int
) -> None:
    scene, attributes = picture
    sentences = sentences_about(attributes, scene, 4, seed=seed, name="x")
    assert 1 <= len(sentences) <= 4 and len({sentence.text for sentence in sentences}) == len(sentences)
    for sentence in sentences:
        text = sentence.text
        assert set(sentence.states) <= set(attributes)
        assert text[0].isupper() and text.endswith(".") and "  " not in text and " ," not in text and " ." not in text
        for attribute in sentence.states:
            assert says(text.lower(), words_of(attribute)), (text, str(attribute))
        _check_nothing_else(sentence)
    assert sentences == sentences_about(attributes, scene, 4, seed=seed, name="x")


def _check_nothing_else(sentence: Sentence) -> None:
    """No number, side or colour stands in the text that is not among what is stated."""
    text = sentence.text.lower()
    for aspect in ("side", "size"):
        for value, words in SAID[aspect].items():
            stated = any(state.aspect == aspect and state.value == value for state in sentence.states)
            assert not says(text, words) or stated or value == "middle", (text, value)
    for number, word in enumerate(NUMBERS[1:], 2):
        stated = any(state.aspect == "count" and state.value == str(number) for state in sentence.states)
        assert not says(text, (word,)) or stated, (text, word)
    stated_colours = {state.value for state in sentence.states if state.aspect == "colour"}
    for colour in {*PLAIN.examples, *HAIR.examples}:
        assert not says(text, (colour,)) or any(colour in stated for stated in stated_colours), (text, colour)


def test_other_names_and_seeds_give_other_sentences_and_grammar_varies() -> None:
    attributes = [Attribute("car", "present", "yes"), Attribute("car", "count", "3"), Attribute("car", "side", "left"),
                  Attribute("sky", "present", "yes"), Attribute("sky", "colour", "blue"),
                  Attribute("tree", "present", "yes"), Attribute("tree", "side", "right")]  # fmt: skip
    first, second, other = (
        [sentence.text for sentence in sentences_about(attributes, "street", 5, seed=seed, name=name)]
        for seed, name in ((0, "a"), (1, "a"), (0, "b"))
    )
    assert first != second and first != other
    beginnings = {
        sentence.text.split()[0] for sentence in sentences_about(attributes, "street", 40, name="c")
    }
    assert len(beginnings) >= 6


def test_a_picture_of_which_nothing_is_known_still_has_a_sentence() -> None:
    for scene in ("face", "person", "street", "front", "town", "scene"):
        (sentence, *_) = sentences_about([], scene, 5)
        assert sentence.states == () and len(sentence.text.split()) >= 2


# ---------------------------------------------------------------- sentences by hand


def test_there_are_a_hundred_sentences_by_hand_and_their_attributes_are_those_that_are_measured() -> None:
    assert len(BY_HAND) == 100 == len({entry["text"] for entry in BY_HAND})
    colours = {*PLAIN.names(), *HAIR.names()}
    for entry in BY_HAND:
        assert entry["states"] == sorted(set(entry["states"])) != []
        for attribute in map(Attribute.read, entry["states"]):
            assert attribute.subject in {*NOUNS, "person", "mouth", "background", "beard"}
            assert attribute.aspect != "colour" or attribute.value in colours
            facts = FACTS.get(f"{attribute.subject}.{attribute.aspect}")
            assert facts is None or attribute.value in facts
            assert attribute.aspect not in SAID or attribute.value in SAID[attribute.aspect] or facts is not None


def test_the_grammar_writes_none_of_them_alike() -> None:
    patterns = ("A photo of ", "There is ", "There are ", "One can see ", "A portrait of ", "A view of ")
    assert not any(entry["text"].startswith(patterns) for entry in BY_HAND)


# ---------------------------------------------------------------- folders


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_dataset(tmp_path / "faces", side=64, train=4, val=2)


def test_a_labelled_folder_gets_sentences_that_are_read_as_others_are(folder: Path) -> None:
    (folder / "facts.json").write_text(json.dumps({"train_000": {"sex": "woman", "age": 20}}))
    paths = caption_folder(folder, Captioning(per_picture=3, seed=1))
    assert [path.name for path in paths] == ["captions.json", STATED, "captions_boxes.json"]
    assert first_lack(folder, CAPTIONED) is None
    batch = CaptionFolder(folder, "train", 32).batch(np.arange(4))
    assert all(caption.endswith(".") for caption in batch.captions)
    stated = json.loads((folder / STATED).read_text("utf-8"))
    captions = json.loads((folder / "captions.json").read_text("utf-8"))
    for stem, of_picture in stated.items():
        assert len(of_picture["stated"]) == len(captions[stem]) == 3
        assert all(set(states) <= set(of_picture["measured"]) for states in of_picture["stated"])
    assert {"person.age=young", "person.sex=woman"} <= set(stated["train_000"]["measured"])


def test_its_boxes_are_those_of_its_labels(folder: Path) -> None:
    caption_folder(folder)
    layouts = read_layouts(folder)
    assert layouts.classes == [label.name for label in load_label_set("faces").labels]
    assert [record.split for record in layouts.records] == ["train"] * 4 + ["val"] * 2
    boxes = [box for record in layouts.records for box in record.boxes]
    assert boxes and all(0 <= box.xyxy[0] < box.xyxy[2] <= 64 for box in boxes)
    assert all(layouts.classes[box.label] != "background" for box in boxes)
    assert len(Layouts(folder, "val", 64)) == 2 and layouts.records[0].stated


def test_the_same_seed_writes_the_same_bytes_and_nothing_is_written_over(folder: Path, tmp_path: Path) -> None:
    written = [path.read_bytes() for path in caption_folder(folder, Captioning(seed=3))]
    with pytest.raises(BadFile, match="is there already; remove it") as refused:
        caption_folder(folder)
    assert is_one_sentence(str(refused.value))
    again = write_dataset(tmp_path / "again", side=64, train=4, val=2)
    assert [path.read_bytes() for path in caption_folder(again, Captioning(seed=3))] == written
    other = write_dataset(tmp_path / "other", side=64, train=4, val=2)
    assert caption_folder(other, Captioning(seed=4))[0].read_bytes() != written[0]


def test_a_broken_table_of_facts_is_named(folder: Path) -> None:
    (folder / "facts.json").write_text("[1, 2]")
    with pytest.raises(BadFile, match="facts.json.*is not a table of facts") as refused:
        caption_folder(folder)
    assert is_one_sentence(str(refused.value)) and not (folder / "captions.json").exists()


def test_layouts_of_several_folders_become_domains_of_one(folder: Path, tmp_path: Path) -> None:
    caption_folder(folder)
    joined = join_layouts({"animals": write_layouts(tmp_path / "animals"), "faces": folder})
    assert joined.classes[:3] == ["cat", "dog", "background"] and joined.domains["animals"] == [0, 1]
    hair = joined.classes.index("hair")
    assert hair in joined.domains["faces"] and hair not in joined.domains["animals"]
    assert {record.domain for record in joined.records} == {"animals", "faces"}
    twice = join_layouts({"first": tmp_path / "animals", "second": tmp_path / "animals"})
    assert twice.classes == ["cat", "dog"] and twice.domains == {"first": [0, 1], "second": [0, 1]}


def test_the_command_line_writes_and_joins_them(folder: Path, tmp_path: Path, run: Runner) -> None:  # noqa: F811
    done = run("data", folder, "--captions", "2", "--seed", "5")
    assert done.code == 0 and "sentences written: captions.json" in done.err
    assert scene_of(load_label_set(folder)) == "face"
    assert all(len(sentences) == 2 for sentences in json.loads((folder / "captions.json").read_text()).values())
    done = run("data", folder, "--captions", "2")
    assert done.code == 2 and "is there already" in one_sentence(done.err)
    animals = write_layouts(tmp_path / "animals")
    done = run("data", tmp_path / "both", "--join", folder, "--join", animals)
    assert done.code == 0 and "12 layouts of faces, animals joined" in done.err and "12 layouts" in done.out
    assert inspect_folder(tmp_path / "both").layout == "layouts"
    done = run("data", tmp_path / "other", "--join", folder, "--join", folder)
    assert done.code == 2 and "same name" in one_sentence(done.err)
