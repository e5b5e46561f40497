"""What a system is: one paper's networks, and what Tessera does with them. Imports no torch.

A system is a folder beside this file. Its `system.py` holds one `System`, which names everything else in the folder by
path ("engine.systems.sean.network:SEANGenerator"), so that listing systems and reading cards costs nothing; a part
is fetched with `load_part` where it is needed. The list of systems, and the questions about it, are in
`engine.systems`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from engine.errors import Message, NotSupported, explanation_of
from engine.weights.card import Card

LARGEST = 1 << 16
"""A number of a config beyond this is a mistake or an attack."""
RENDER = "engine.requests.render:RenderRequest"
EDIT = "engine.requests.edit:EditRequest"
PARSE = "engine.requests.parse:ParseRequest"
LABELLED = "engine.data.kinds:LABELLED"
ADVERSARIAL_LOSSES: Mapping[str, str] = {
    "discriminator": Message("discriminator"),
    "adversarial": Message("adversarial"),
    "gradient_penalty": Message("gradient penalty"),
}
"""Names of the losses of `engine.training.adversarial`, for systems whose task stands on it."""
RECONSTRUCTION_LOSSES: Mapping[str, str] = {
    **ADVERSARIAL_LOSSES,
    "feature_matching": Message("feature matching"),
    "perceptual": Message("perceptual"),
    "l1": "L1",
    "pyramid": Message("pyramid"),
}
"""The same of `engine.training.reconstruction`."""
LATENT_NAMES: Mapping[str, str] = {"kl": Message("KL divergence"), "variety": Message("variety")}
"""Names of what `engine.training.variational` adds to them."""
CC_BY_NC_SA = "CC BY-NC-SA 4.0"
MOST_SIDE, USUAL_SIDE = 4096, 256


def load_part(import_path: str) -> Any:
    """What "package.module:name" names, its module imported now. Raises ImportError, AttributeError."""
    module_name, _, attribute_name = import_path.partition(":")
    return getattr(importlib.import_module(module_name), attribute_name)


@dataclass(frozen=True)
class Abilities:
    """What weights can do, said by their card alone: the editor's controls and the command line follow it.

    images: a picture gives styles. samples: styles can be drawn (dice).
    scope: what one style decides, its label's region or the whole picture.
    pieces: a piece of a label can have a style of its own in a painted picture (`engine.labels.pieces`).
    blocks: how many blocks can have a style of their own (crossover); 0 where they cannot.
    begins_drawn: a new document begins with drawn styles, because the mean style shows little of what weights can do.
    stride: sides of the label maps that they paint are multiples of it, in pixels; 0 where they paint none.
    resolution: the side in pixels at which the weights work best; 0 where they have no pictures.
    classes: names of what they make pictures of, out of noise; () where they make none.
    """

    images: bool = False
    samples: bool = False
    scope: Literal["label", "picture"] = "label"
    pieces: bool = False
    blocks: int = 0
    begins_drawn: bool = False
    stride: int = 0
    resolution: int = 0
    classes: tuple[str, ...] = ()

    @property
    def styles(self) -> bool:
        """Whether there is any choice of style at all."""
        return self.images or self.samples


@dataclass(frozen=True)
class Network:
    """One network of a system, built from a config dataclass.

    config, module: paths of the dataclass and of the `nn.Module` that takes it.
    stride: config -> what the sides of pictures and label maps must be multiples of.
    spectral: the module takes `sn`, spectral normalisation in training.
    gives_features: the module is an `engine.nn.perceptual.FeatureNetwork`, which perceptual losses compare by.
    """

    title: str
    config: str
    module: str
    stride: Callable[[Any], int] = lambda config: 1
    spectral: bool = True
    gives_features: bool = False

    def read_config(self, values: Mapping[str, Any]) -> Any:
        """The config dataclass from plain data (a card's or a recipe's). Raises NotSupported naming what is wrong."""
        check_bounds(values, self.title)
        try:
            return msgspec.convert(dict(values), load_part(self.config))
        except msgspec.ValidationError as error:
            raise NotSupported(
                "These settings are not those of {0}: {1}; update Tessera or correct them.",
                self.title,
                explanation_of(error),
            ) from error

    def build(self, config: Any, *, training: bool = False) -> Any:
        """A module with fresh parameters; `training` adds spectral normalisation where the network has it.

        Raises ValueError: the config makes no network.
        """
        module = load_part(self.module)
        return module(config, sn=training) if self.spectral else module(config)


def check_bounds(values: object, title: str) -> None:
    """Raises NotSupported for a config with a number or a list that no network could have."""
    if isinstance(values, Mapping):
        values = list(values.values())
    if isinstance(values, int | float) and not abs(values) <= LARGEST:
        raise NotSupported("{0} cannot have the setting {1}, which is out of all bounds; correct it.", title, values)
    if isinstance(values, list | tuple):
        if len(values) > LARGEST:
            raise NotSupported("{0} cannot have a list of {1} settings; correct it.", title, len(values))
        for entry in values:
            check_bounds(entry, title)


def patch_discriminator(*, spectral: bool = True) -> Network:
    """The multi-scale patch discriminator that a system is trained against, as published."""
    return Network(
        title="the multi-scale patch discriminator",
        config="engine.nn.discriminators:PatchDiscriminatorConfig",
        module="engine.nn.discriminators:MultiScaleDiscriminator",
        spectral=spectral,
    )


@dataclass(frozen=True, kw_only=True)
class Measuring:
    """How weights of a system are measured; "" and () where they are not.

    measure: path of how they are measured on a data folder (`engine.systems.measuring.Measure`).
    sheet: path of the pictures that a report of it shows (`engine.systems.measuring.Sheet`).
    tables: paths of the tables in which they stand beside others (`engine.systems.measuring.Table`).
    main_numbers: the measured and validated numbers that a line about weights shows, in this order;
        "reconstructions.miou" is the "miou" among the "reconstructions".
    """

    measure: str = ""
    sheet: str = ""
    tables: tuple[str, ...] = ()
    main_numbers: tuple[str, ...] = ()


PAINTERS_MEASURED = Measuring(
    measure="engine.systems.measure_painters:measure",
    sheet="engine.systems.measure_painters:sheet",
    tables=("engine.systems.measure_painters:RECONSTRUCTION", "engine.systems.measure_painters:DIVERSITY"),
    main_numbers=(
        "ssim",
        "rmse",
        "psnr",
        "FID-MobileNetV2",
        "fid_mobilenet_v2",
        "reconstructions.miou",
        "reconstructions.accuracy",
    ),
)
"""Of all systems that paint label maps."""


@dataclass(frozen=True, kw_only=True)
class System:
    """One system. Paths are "package.module:name"; "" where a system has no such part.

    id: its name in cards, recipes and on the command line.
    title, paper: for people.
    code_licence: of the folder. weights_licence: of the weights that the authors published, "" if none.
    networks: by name; the first is the one that weights with a single network hold.
    abilities: what the weights of a card can do; asked of cards that hold the first network.
    requests: paths of the request kinds that its weights serve.
    runtime: path of what makes use of weights: called with (`Weights`, torch.device).
    data: path of the kind of data set that it trains on.
    task, task_config: paths of the training task (`engine.training.task.MakeTask`) and of its config dataclass.
    trains: names of the networks that the task trains, where they are several: [model] of its recipes has a table for
        each. () where it is the first network alone.
    measures_data: whether a published card says what its kind of data measures of the training split.
    finish: path of what publishing adds to trained weights (`engine.training.finish.Finish`).
    published: path of how the authors' files are recognised and converted.
    measuring: how its weights are measured, shown and compared.
    names: what the system's own losses and numbers are called, a `Message` where that is translated. Names of numbers
        that many systems share are in `engine.metrics.names`.
    golden: path of the kinds of golden cases, by name.
    bench: path of what the synthesis benchmark paints.
    examples: path of what tests run its networks and small weights by (`engine.systems.examples.Examples`).
    extras: names of tensors that its weights keep beside the networks' own.
    default_name: the weights that a first document paints with, and the recipe that is offered first.
    """

    id: str
    title: str
    paper: str
    code_licence: str = "MIT"
    weights_licence: str = ""
    networks: Mapping[str, Network]
    abilities: Callable[[Card], Abilities]
    requests: tuple[str, ...]
    runtime: str
    data: str = LABELLED
    task: str
    task_config: str
    trains: tuple[str, ...] = ()
    measures_data: bool = True
    finish: str = ""
    published: str = ""
    measuring: Measuring = Measuring()
    names: Mapping[str, str] = field(default_factory=dict)
    golden: str = ""
    bench: str = ""
    examples: str
    extras: tuple[str, ...] = ()
    default_name: str = ""

    @property
    def main(self) -> str:
        """The name of the network that weights with a single network hold."""
        return next(iter(self.networks))

    @property
    def network(self) -> Network:
        """The network that weights with a single network hold."""
        return self.networks[self.main]

    def serves(self, request_kind: type) -> bool:
        """Asked by the name of the class, so that no other kind is imported."""
        return f"{request_kind.__module__}:{request_kind.__qualname__}" in self.requests


# ---------------------------------------------------------------- what cards say


def resolution_of(config: Mapping[str, Any]) -> int:
    """The side in pixels that a card's config says; the usual one where it says none."""
    resolution = config.get("resolution")
    return resolution if isinstance(resolution, int) and 1 <= resolution <= MOST_SIDE else USUAL_SIDE


def has_encoder(config: Mapping[str, Any]) -> bool:
    """Published generators come without; a config that does not say has the default, which is with."""
    return config.get("encoder", {}) is not None


def number_of(config: Mapping[str, Any], key: str, default: int) -> int:
    """A whole number of a card's config; `default` where it is missing or no number."""
    value = config.get(key, default)
    return value if isinstance(value, int) else default
