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

from engine.errors import Message, WeightsError, listed
from engine.files import PathLike
from engine.labels.label_sets import LabelSet, bundled_label_sets, load_label_set
from engine.plain_data import parse_json
from engine.systems import all_systems
from engine.systems.base import System, load_part
from engine.weights.card import Card
from engine.weights.pth import no_memory, read_pth
from engine.weights.published_plan import ENCODER, Plan, PublishedKind, Shapes, Source
from engine.weights.store import join_networks, save_weights

SHOWN = 5
"""Differences that the sentence names; `details` has them all."""

_PREFERRED = {19: "faces"}  # "celebamask_hq" has the same labels in other colours


@dataclass(frozen=True)
class Published:
    """A published network as ours.

    kind: which system's, and which of its networks. config: that network's dataclass. state: fits it exactly.
    """

    kind: PublishedKind
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


def read_published(path: PathLike, *, encoder: PathLike | None = None) -> Published:
    """Read a file such as latest_net_G.pth or latest_net_D.pth.

    Args:
        path: the authors' file.
        encoder: the file with the image encoder that belongs to this generator (latest_net_E.pth), if there is one.

    Raises:
        WeightsError: it is missing, truncated, holds code, or is not exactly a network that is known here.
        OutOfMemory.
    """
    called = f'"{path}"' if encoder is None else Message('"{0}" with "{1}"', path, encoder)
    try:
        state = read_pth(Path(path))
        if encoder is not None:
            state = _with_encoder(state, path, read_pth(Path(encoder)), encoder)
        return convert(state, called)
    except (MemoryError, torch.OutOfMemoryError) as error:
        raise no_memory(path) from error


def _with_encoder(
    state: dict[str, Tensor], state_path: PathLike, encoder: dict[str, Tensor], encoder_path: PathLike
) -> dict[str, Tensor]:
    """One state dict of a generator's and its encoder's, whichever of the two comes first."""
    generator_kind, encoder_kind = recognise(shapes_of(state)), recognise(shapes_of(encoder))
    if encoder_kind is not None and encoder_kind.published.encoder:
        generator_kind, encoder_kind = encoder_kind, generator_kind
        state, encoder, state_path, encoder_path = encoder, state, encoder_path, state_path
    if generator_kind is None or not generator_kind.published.encoder:
        raise WeightsError(
            '"{0}" is not a generator that takes an image encoder; give it without "{1}".', state_path, encoder_path
        )
    wanted_encoder = generator_kind.system, generator_kind.published.encoder
    if encoder_kind is None or (encoder_kind.system, encoder_kind.published.network) != wanted_encoder:
        raise WeightsError(
            '"{0}" is not an image encoder of {1}; give the latest_net_E.pth that was published with "{2}".',
            encoder_path,
            generator_kind.network.title,
            state_path,
        )
    return state | {ENCODER + tensor_name: tensor for tensor_name, tensor in encoder.items()}


# ---------------------------------------------------------------- converting


def shapes_of(state: dict[str, Tensor]) -> Shapes:
    """What files are recognised by."""
    return {tensor_name: tuple(tensor.shape) for tensor_name, tensor in state.items()}


def published_kinds() -> list[PublishedKind]:
    """All kinds of released files that the systems know."""
    return [
        PublishedKind(system, published)
        for system in all_systems()
        if system.published
        for published in load_part(system.published)
    ]


def recognise(tensor_shapes: Shapes) -> PublishedKind | None:
    """The kind of released file that has such tensors, or None."""
    return next((kind for kind in published_kinds() if kind.published.recognises(tensor_shapes)), None)


def convert(state: dict[str, Tensor], source: str, **known_config: int | float | str) -> Published:
    """Turn a published state dict into ours; empties `state`, so that memory holds the tensors once.

    Args:
        state: by published name.
        source: what a sentence calls it (a quoted path).
        known_config: config fields that shapes cannot tell ("resolution", "last_stride", "depth", "aspect_ratio").

    Raises:
        WeightsError: naming the first differences from the published network.
    """
    shapes = shapes_of(state)
    published_kind = recognise(shapes)
    if published_kind is None:
        raise WeightsError(
            "{0} is of no network that is known here ({1}, their encoders and discriminators); its first tensor is "
            "{2}.",
            source,
            ", ".join(system.title for system in all_systems() if system.published),
            repr(next(iter(shapes))) if shapes else Message("missing"),
        )
    try:
        plan = published_kind.plan(shapes, known_config)
    except (ValueError, TypeError, RuntimeError) as error:
        raise WeightsError(
            "{0} looks like {1} but its shapes make no network: {2}; get the file again.",
            source,
            published_kind.network.title,
            error,
            details=repr(error),
        ) from error
    problems = differences(state, plan)
    if problems:
        raise _does_not_fit(source, published_kind, plan, problems)
    converted = {tensor_name: _take_tensor(state, tensor_source) for tensor_name, tensor_source in plan.sources.items()}
    for tensor_name in plan.unused:
        state.pop(tensor_name, None)
    assert not state, f"not converted: {list(state)[:5]}"
    return Published(published_kind, plan.config, converted)


def differences(state: dict[str, Tensor], plan: Plan) -> list[Message]:
    """One clause for each tensor that is missing, too many, or of a wrong shape or kind."""
    accepted, problems = plan.accepted(), []
    for tensor_name in plan.required():
        if tensor_name not in state:
            problems.append(Message("{0} is missing", tensor_name))
    for tensor_name, tensor in state.items():
        if tensor_name not in accepted:
            problems.append(Message("{0} is not known", tensor_name))
        elif tuple(tensor.shape) != accepted[tensor_name]:
            shape_texts = _shape_text(tuple(tensor.shape)), _shape_text(accepted[tensor_name])
            problems.append(Message("{0} is {1} instead of {2}", tensor_name, *shape_texts))
        elif not tensor.is_floating_point() and not tensor_name.endswith("num_batches_tracked"):
            stored_type = str(tensor.dtype).removeprefix("torch.")
            problems.append(Message("{0} holds {1} values", tensor_name, stored_type))
    return problems


def _shape_text(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) or Message("one number")


def _does_not_fit(source: str, published_kind: PublishedKind, plan: Plan, problems: list[Message]) -> WeightsError:
    shown_problems = listed(problems[:SHOWN] + ["..."] * (len(problems) > SHOWN))
    problem_count = Message("1 difference") if len(problems) == 1 else Message("{0} differences", len(problems))
    return WeightsError(
        "{0} is not {1} as published, {2}: {3}; get the file again.",
        source,
        published_kind.network.title,
        problem_count,
        shown_problems,
        details="\n".join([f"expected: {plan.config}", *problems]),
    )


def _take_tensor(state: dict[str, Tensor], source: Source) -> Tensor:
    """Remove one of our tensors' sources from `state` and make the tensor."""
    if source.optional and source.keys[0] not in state:
        return torch.zeros(source.shapes[0], dtype=torch.long)  # num_batches_tracked of files before 2018
    source_tensors = [state.pop(key) for key in source.keys]
    if source.folded:
        weight, left_vector, right_vector = (source_tensor.float() for source_tensor in source_tensors)
        sigma = torch.dot(left_vector, torch.mv(weight.flatten(1), right_vector))
        return weight / sigma
    if source.stacked:
        return torch.stack([source_tensor.float() for source_tensor in source_tensors])
    (tensor,) = source_tensors
    return tensor.float() if tensor.is_floating_point() else tensor


# ---------------------------------------------------------------- importing


def import_published(
    published_file: PathLike,
    weights_name: str,
    destination: PathLike,
    *,
    encoder: PathLike | None = None,
    label_set: LabelSet | None = None,
) -> Card:
    """Read a published file and write it as weights with a card.

    Args:
        published_file: the authors' .pth file.
        weights_name: what the weights will be called.
        destination: the folder in which weights folders stand; `destination / name` is written.
        encoder: see `read_published`.
        label_set: the meaning of the labels; by their number unless given (19: faces).

    Returns:
        The card that was written.

    Raises:
        WeightsError, OutOfMemory: see `read_published`; or the label set has another size, or must be given.
        BadFile: the folder cannot be written.
    """
    published = read_published(published_file, encoder=encoder)
    published_kind, system = published.kind, published.system
    labels = _card_label_set(published, label_set, f'"{published_file}"')
    notes = ["Non-commercial use only. Spectral norm is folded into the weights."]
    notes += published_kind.published.notes(published.config, published.state)
    config = parse_json(msgspec.json.encode(published.config))  # lists, as read back
    source_files = [path for path in (published_file, encoder) if path is not None]
    # Else an encoder or a discriminator, which paints nothing by itself.
    paints_alone = published_kind.network is system.network
    card = Card(
        name=weights_name,
        system=system.id,
        config=config if paints_alone else {},
        networks={} if paints_alone else {published_kind.published.network: config},
        label_set=labels,
        data=f"as published by the authors ({system.paper})",
        data_licence=_DATA_LICENCES.get(labels.get("name", ""), "the data set's own; see the authors' page"),
        weights_licence=f"{system.weights_licence or 'unknown'} (the authors')",
        made_with="imported from " + " and ".join(Path(path).name for path in source_files),
        notes=" ".join(notes),
    )
    state = published.state if paints_alone else join_networks({published_kind.published.network: published.state})
    try:
        return save_weights(Path(destination) / weights_name, card, state)
    except MemoryError as error:
        raise no_memory(published_file) from error


_DATA_LICENCES = {
    "faces": "CelebAMask-HQ: non-commercial research and education",
    "celebamask_hq": "CelebAMask-HQ: non-commercial research and education",
}


def _card_label_set(published: Published, label_set: LabelSet | None, source: str) -> dict[str, Any]:
    """The card's label set; {} for networks without labels and for discriminators, which paint nothing."""
    label_count = getattr(published.config, "labels", None)
    if label_count is None:
        return {}
    if label_set is None:
        fitting_names = [name for name in bundled_label_sets() if len(load_label_set(name)) == label_count]
        if label_count in _PREFERRED:
            fitting_names = [_PREFERRED[label_count]]
        if len(fitting_names) != 1:
            raise WeightsError("{0} has {1} labels; say which label set they are (--label-set).", source, label_count)
        label_set = load_label_set(fitting_names[0])
    if len(label_set) != label_count:
        raise WeightsError(
            '{0} has {1} labels, the label set "{2}" has {3}; choose another.',
            source, label_count, label_set.name, len(label_set),
        )
    return label_set.for_weights().to_dict()
