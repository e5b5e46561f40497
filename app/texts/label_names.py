"""How labels and styles are called in the user interface."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import MappingProxyType

from app.shell.i18n import CHINESE, language, tr
from engine.labels.label_sets import Label, LabelPair, LabelSet
from engine.labels.pieces import PieceLabels, number_of
from engine.requests.style_file import SUFFIX
from engine.requests.styles import BlockStyle, ColourStyle, ImageStyle, MixStyle, SampleStyle, Style


def label_name(label: Label) -> str:
    """The label's name in the language of the user interface."""
    if language() == CHINESE and label.name_zh:
        return label.name_zh
    return label.name[:1].upper() + label.name[1:]


def doubt_text(label_set: LabelSet, labels: Sequence[int]) -> str:
    """The sentence that names labels whose regions are probably others; "" for none."""
    if not labels:
        return ""
    sentence = tr(
        "What was found as {0} may be something else. Point at it in the photo; if it is wrong, choose the right label "
        "in the list and paint over it."
    )
    return sentence.format(", ".join(name_of(label_set, label) for label in labels))


def set_name(label_set: LabelSet) -> str:
    """What maps of these labels show, in the language of the user interface."""
    known_names = {"faces": tr("Faces"), "street": tr("Streets"), "facades": tr("House fronts")}
    return known_names.get(label_set.name, label_set.name)


def name_of(label_set: LabelSet, region: int, pieces: PieceLabels = MappingProxyType({})) -> str:
    """The name of a label id, or of one of `pieces`; the number where the set has no such label."""
    if region in pieces:
        return tr("{0}, piece {1}").format(name_of(label_set, pieces[region]), number_of(region))
    return label_name(label_set.labels[region]) if 0 <= region < len(label_set) else str(region)


def pair_name(pair: LabelPair) -> str:
    """Both labels of a pair by one name, in the language of the user interface."""
    return tr("both {0}").format(pair.name_zh if language() == CHINESE else pair.name)


def names_of(label_set: LabelSet, labels: Sequence[int], pieces: PieceLabels = MappingProxyType({})) -> str:
    """The name of a region, or that of a pair for both of its labels."""
    pair = label_set.pair_of(labels[0]) if len(labels) == 2 else None
    if pair is None or set(pair.labels) != set(labels):
        return ", ".join(name_of(label_set, label, pieces) for label in labels)
    name = pair_name(pair)
    return name[:1].upper() + name[1:]


def style_source(style: Style, label: int, label_set: LabelSet) -> str:
    """One short line: where the style of ``label`` comes from."""
    if isinstance(style, ImageStyle):
        file_name = Path(style.path.replace("\\", "/")).name or tr("a picture")
        if file_name.endswith(SUFFIX):  # one of the library: the name that it was kept under
            file_name = file_name.partition(".")[0]
        if style.label != label:
            return tr("{0}, {1}").format(file_name, name_of(label_set, style.label))
        return file_name
    if isinstance(style, SampleStyle):
        return tr("Drawn, seed {0}").format(style.seed)
    if isinstance(style, ColourStyle):
        return tr("Colour {0}").format(style.colour)
    if isinstance(style, MixStyle):
        second_per_cent = round(100 * style.amount)
        first_source, second_source = (
            style_source(mixed_style, label, label_set) for mixed_style in (style.a, style.b)
        )
        return tr("{0} % {1}, {2} % {3}").format(100 - second_per_cent, first_source, second_per_cent, second_source)
    if isinstance(style, BlockStyle):
        return tr("{0} styles over the blocks").format(len(set(style.blocks)))
    return tr("Mean style")


def area_text(area_share: float) -> str:
    """An area, 0 to 1, as short per cent; empty where there is none."""
    if area_share <= 0:
        return ""
    if area_share < 0.001:
        return tr("< 0.1 %")
    return tr("{0} %").format(f"{100 * area_share:.1f}")
