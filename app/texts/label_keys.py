"""Which label is on which number key: fixed for each label set, so that hands can learn it."""

from __future__ import annotations

from engine.labels.label_sets import LabelSet

COUNT = 9
_FACE = ("hair", "skin", "neck", "clothes", "hat", "eyeglasses", "left eyebrow", "right eyebrow", "nose")
_FIRST: dict[str, tuple[str, ...]] = {
    "faces": _FACE,
    "celebamask_hq": _FACE,
    "cityscapes": ("road", "sidewalk", "building", "vegetation", "sky", "car", "person", "traffic sign", "pole"),
}
_NOTHING = ("background", "unlabelled", "unlabeled")  # the eraser paints it


def label_keys(label_set: LabelSet) -> tuple[int, ...]:
    """The labels on the keys 1 to 9, in this order: those that matter most where we know, else by their ids."""
    ids_by_name = {label.name: label.id for label in label_set.labels}
    preferred_ids = [
        ids_by_name[label_name] for label_name in _FIRST.get(label_set.name, ()) if label_name in ids_by_name
    ]
    other_ids = [
        label.id
        for label in label_set.labels
        if label.id not in preferred_ids and label.id != label_set.ignore and label.name not in _NOTHING
    ]
    return tuple([*preferred_ids, *other_ids][:COUNT])
