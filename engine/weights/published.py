"""The authors' released .pth files, read without running code in them and turned into weights of ours.

Spectral norm is folded with the stored singular vectors (sigma = u^T W v, no power iteration), as the published
networks do when they are not training. What each system's files look like is in its `published.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import torch
from torch import Tensor

from engine.errors import Message, WeightsError
from engine.files import PathLike
from engine.labels.label_sets import LabelSet, bundled_label_sets, load_label_set
from engine.systems import all_systems
from engine.systems.base import System, load_part
from engine.weights.card import Card
from engine.weights.pth import no_memory, read_pth
from engine.weights.published_plan import ENCODER, Kind, Plan, Shapes, Source
from engine.weights.store import join_networks, save_weights

SHOWN = 5
"""Differences that the sentence names; `details` has them all."""

_PREFERRED = {19: "faces"}  # "celebamask_hq" has the same labels in other colours


@dataclass(frozen=True)
class Published:
    """A published network as ours.

    kind: which system's, and which of its networks. config: that network's dataclass. state: fits it exactly.
    """

    kind: Kind
    config: Any
    state: dict[str, Tensor]

    @property
    def system(self) -> System:
        """The system that the network is of."""
        return self.kind.system

    def build(self) -> Any:
        """The network, every parameter filled, in evaluation mode."""
        with torch.device("meta"):
            network = self.kind.network.build(self.config)
        network.load_state_dict(self.state, assign=True)
        return network.eval()


# ---------------------------------------------------------------- reading


def read_published(path: PathLike, *, encoder: PathLike | None = None, resolution: int | None = None) -> Published:
    """Read a file such as latest_net_G.pth or latest_net_D.pth.

    Args:
        path: the authors' file.
        encoder: the file with the image encoder that belongs to this generator (latest_net_E.pth), if there is one.
        resolution: side of the pictures it was trained on, which no tensor tells; 256 unless given.

    Raises:
        WeightsError: it is missing, truncated, holds code, or is not exactly a network that is known here.
        OutOfMemory.
    """
    known = {} if resolution is None else {"resolution": resolution}
    try:
        state = read_pth(Path(path))
        if encoder is not None:
            state = _with_encoder(state, path, read_pth(Path(encoder)), encoder)
        return convert(state, f'"{path}"' if encoder is None else f'"{path}" with "{encoder}"', **known)
    except (MemoryError, torch.OutOfMemoryError) as error:
        raise no_memory(path) from error


def _with_encoder(
    state: dict[str, Tensor], path: PathLike, encoder: dict[str, Tensor], encoder_path: PathLike
) -> dict[str, Tensor]:
    """One state dict of a generator's and its encoder's, whichever of the two comes first."""
    first, second = recognise(shapes_of(state)), recognise(shapes_of(encoder))
    if second is not None and second.published.encoder:
        first, second, state, encoder, path, encoder_path = second, first, encoder, state, encoder_path, path
    if first is None or not first.published.encoder:
        raise WeightsError(
            '"{0}" is no generator that takes an image encoder; give it without "{1}".', path, encoder_path
        )
    if second is None or (second.system, second.published.network) != (first.system, first.published.encoder):
        raise WeightsError(
            '"{0}" is no image encoder of {1}; give the latest_net_E.pth that was published with "{2}".',
            encoder_path,
            first.network.title,
            path,
        )
    return state | {ENCODER + key: tensor for key, tensor in encoder.items()}


# ---------------------------------------------------------------- converting


def shapes_of(state: dict[str, Tensor]) -> Shapes:
    """What files are recognised by."""
    return {key: tuple(tensor.shape) for key, tensor in state.items()}


def published_kinds() -> list[Kind]:
    """All kinds of released files that the systems know."""
    return [
        Kind(system, published)
        for system in all_systems()
        if system.published
        for published in load_part(system.published)
    ]


def recognise(shapes: Shapes) -> Kind | None:
    """The kind of released file that has such tensors, or None."""
    return next((kind for kind in published_kinds() if kind.published.recognises(shapes)), None)


def convert(state: dict[str, Tensor], source: str, **known: int | float | str) -> Published:
    """Turn a published state dict into ours; empties `state`, so that memory holds the tensors once.

    Args:
        state: by published name.
        source: what a sentence calls it (a quoted path).
        known: config fields that shapes cannot tell ("resolution", "last_stride", "depth", "aspect_ratio").

    Raises:
        WeightsError: naming the first differences from the published network.
    """
    shapes = shapes_of(state)
    kind = recognise(shapes)
    if kind is None:
        raise WeightsError(
            "{0} is of no network that is known here ({1}, their encoders and discriminators); its first tensor is "
            "{2}.",
            source,
            ", ".join(system.title for system in all_systems() if system.published),
            repr(next(iter(shapes), "missing")),
        )
    try:
        plan = kind.plan(shapes, known)
    except (ValueError, TypeError, RuntimeError) as error:
        raise WeightsError(
            "{0} looks like {1} but its shapes make no network: {2}; get the file again.",
            source,
            kind.network.title,
            error,
            details=repr(error),
        ) from error
    problems = differences(state, plan)
    if problems:
        raise _does_not_fit(source, kind, plan, problems)
    converted = {key: _take(state, entry) for key, entry in plan.sources.items()}
    for key in plan.unused:
        state.pop(key, None)
    assert not state, f"not converted: {list(state)[:5]}"
    return Published(kind, plan.config, converted)


def differences(state: dict[str, Tensor], plan: Plan) -> list[str]:
    """One clause for each tensor that is missing, too many, or of a wrong shape or kind."""
    accepted, problems = plan.accepted(), []
    for key in plan.required():
        if key not in state:
            problems.append(f"{key} is missing")
    for key, tensor in state.items():
        if key not in accepted:
            problems.append(f"{key} is not known")
        elif tuple(tensor.shape) != accepted[key]:
            problems.append(f"{key} is {_size(tuple(tensor.shape))} instead of {_size(accepted[key])}")
        elif not tensor.is_floating_point() and not key.endswith("num_batches_tracked"):
            problems.append(f"{key} holds {str(tensor.dtype).removeprefix('torch.')} values")
    return problems


def _size(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) or "one number"


def _does_not_fit(source: str, kind: Kind, plan: Plan, problems: list[str]) -> WeightsError:
    shown = "; ".join(problems[:SHOWN]) + ("; ..." if len(problems) > SHOWN else "")
    count = Message("1 difference") if len(problems) == 1 else Message("{0} differences", len(problems))
    return WeightsError(
        "{0} is not {1} as published, {2}: {3}; get the file again.",
        source, kind.network.title, count, shown, details="\n".join([f"expected: {plan.config}", *problems]),
    )


def _take(state: dict[str, Tensor], source: Source) -> Tensor:
    """Remove one of our tensors' sources from `state` and make the tensor."""
    if source.optional and source.keys[0] not in state:
        return torch.zeros(source.shapes[0], dtype=torch.long)  # num_batches_tracked of files before 2018
    parts = [state.pop(key) for key in source.keys]
    if source.folded:
        weight, u, v = (part.float() for part in parts)
        sigma = torch.dot(u, torch.mv(weight.flatten(1), v))
        return weight / sigma
    if source.stacked:
        return torch.stack([part.float() for part in parts])
    (tensor,) = parts
    return tensor.float() if tensor.is_floating_point() else tensor


# ---------------------------------------------------------------- importing


def import_published(
    path: PathLike,
    name: str,
    destination: PathLike,
    *,
    encoder: PathLike | None = None,
    label_set: LabelSet | None = None,
    resolution: int | None = None,
) -> Card:
    """Read a published file and write it as weights with a card.

    Args:
        path: the authors' .pth file.
        name: what the weights will be called.
        destination: the folder in which weights folders stand; `destination / name` is written.
        encoder: see `read_published`.
        label_set: the meaning of the labels; by their number unless given (19: faces).
        resolution: see `read_published`.

    Returns:
        The card that was written.

    Raises:
        WeightsError, OutOfMemory: see `read_published`; or the label set has another size, or must be given.
        BadFile: the folder cannot be written.
    """
    published = read_published(path, encoder=encoder, resolution=resolution)
    kind, system = published.kind, published.system
    labels = _label_set(published, label_set, f'"{path}"')
    notes = ["Non-commercial use only. Spectral norm is folded into the weights."]
    notes += kind.published.notes(published.config, published.state)
    config = msgspec.json.decode(msgspec.json.encode(published.config))  # lists, as read back
    alone = kind.network is system.network  # else an encoder or a discriminator, which paints nothing by itself
    card = Card(
        name=name,
        system=system.id,
        config=config if alone else {},
        networks={} if alone else {kind.published.network: config},
        label_set=labels,
        data=f"as published by the authors ({system.paper})",
        data_licence=_DATA_LICENCES.get(labels.get("name", ""), "the data set's own; see the authors' page"),
        weights_licence=f"{system.weights_licence or 'unknown'} (the authors')",
        made_with="imported from " + " and ".join(Path(p).name for p in (path, encoder) if p is not None),
        notes=" ".join(notes),
    )
    state = published.state if alone else join_networks({kind.published.network: published.state})
    try:
        return save_weights(Path(destination) / name, card, state)
    except MemoryError as error:
        raise no_memory(path) from error


_DATA_LICENCES = {
    "faces": "CelebAMask-HQ: non-commercial research and education",
    "celebamask_hq": "CelebAMask-HQ: non-commercial research and education",
}


def _label_set(published: Published, given: LabelSet | None, source: str) -> dict[str, Any]:
    """The card's label set; {} for networks without labels and for discriminators, which nobody paints with."""
    count = getattr(published.config, "labels", None)
    if count is None:
        return {}
    if given is None:
        names = [name for name in bundled_label_sets() if len(load_label_set(name)) == count]
        if count in _PREFERRED:
            names = [_PREFERRED[count]]
        if len(names) != 1:
            raise WeightsError("{0} has {1} labels; say which label set they are (--label-set).", source, count)
        given = load_label_set(names[0])
    if len(given) != count:
        raise WeightsError(
            '{0} has {1} labels, the label set "{2}" has {3}; choose another.',
            source, count, given.name, len(given),
        )
    return given.to_dict()
