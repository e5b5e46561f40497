"""The card of a weights folder: what a user should know before using the weights."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec

from engine.errors import BadFile, Message, WeightsError, complaint_of
from engine.files import PathLike, read_bytes
from engine.labels.label_sets import LabelSet
from engine.plain_data import BadText, parse_json

CARD_SCHEMA = 1
CARD_FILE = "card.json"
LEAST_SHARE = 2e-5
"""A label under this share of the training pixels counts as not learnt."""


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """What stands beside the weights: where they come from, what they may be used for, how good they are.

    config: plain data of the network's config dataclass, for weights that hold the system's first network alone.
    networks: for weights of several networks, the config of each by name; their tensors are prefixed "name.".
    label_set: `LabelSet.to_dict()`, {} for systems without labels.
    metrics: by split ("train", "val" ...; "at_training": the run's own last validation), numbers by name as `evaluate`
    gives them. sha256: of the file of tensors, set when saving. styles_sha256: of the file of measured styles
    (`engine/painting/style_spread.py`), "" where there is none: then no styles can be drawn.
    sure_from: the confidence from which a parser is sure of a label map, as `evaluate` measured it on validation.
    perceptual_network, discriminator_network: the frozen networks of the perceptual loss and of a projected
    discriminator, "" where there was none; they cannot judge what they trained.
    """

    name: str
    system: str
    config: dict[str, Any] = {}
    networks: dict[str, dict[str, Any]] = {}
    label_set: dict[str, Any] = {}
    data: str = ""
    data_licence: str = ""
    weights_licence: str = ""
    steps: int = 0
    seconds: float = 0.0
    metrics: dict[str, Any] = {}
    perceptual_network: str = ""
    discriminator_network: str = ""
    made_with: str = ""
    notes: str = ""
    sha256: str = ""
    styles_sha256: str = ""
    sure_from: float = 0.75
    schema: int = CARD_SCHEMA

    def labels(self) -> LabelSet | None:
        """The label set; None for a system without labels. Raises BadFile if the card's is wrong."""
        if not self.label_set:
            return None
        return LabelSet.from_dict(self.label_set, source=Message('the card of "{0}"', self.name))

    def config_of(self, network: str) -> dict[str, Any]:
        """The config of one network; that of `config` where the weights hold a single one. {} for one not there."""
        return self.networks.get(network, {}) if self.networks else self.config

    @property
    def identity(self) -> str:
        """What style codes are known by: the first 16 digits of the tensors' SHA-256; "" where the card has none."""
        return self.sha256[:16].lower()

    def replace(self, **changes: Any) -> Card:
        """A changed copy."""
        return msgspec.structs.replace(self, **changes)


def metrics_by_split(card: Card) -> dict[str, dict[str, Any]]:
    """The card's metrics by split; numbers that stand in none are under ""."""
    splits = {
        metric_name: value
        for metric_name, value in card.metrics.items()
        if isinstance(value, dict) and metric_name != "label_shares"
    }
    outside_splits = {metric_name: value for metric_name, value in card.metrics.items() if metric_name not in splits}
    return splits | ({"": outside_splits} if outside_splits else {})


def unlearnt(card: Card) -> frozenset[int]:
    """Ids of labels that the weights saw next to nothing of, by the card's "label_shares" (share of the pixels by
    label name or id): those of the training split, else of another; empty where the card does not say.

    Raises BadFile: the card's label set is wrong.
    """
    label_set = card.labels()
    split_metrics = metrics_by_split(card)
    training_first = sorted(split_metrics, key=lambda split: split not in ("train", ""))
    known_shares = [split_metrics[split_name].get("label_shares") for split_name in training_first]
    label_shares = next(filter(None, known_shares), None)
    if label_set is None or not label_shares:
        return frozenset()
    if isinstance(label_shares, dict):
        shares_by_id = {
            label.id: label_shares.get(label.name, label_shares.get(str(label.id))) for label in label_set.labels
        }
    elif isinstance(label_shares, list):
        shares_by_id = dict(enumerate(label_shares))
    else:
        return frozenset()
    return frozenset(
        label_id for label_id, share in shares_by_id.items() if isinstance(share, int | float) and share < LEAST_SHARE
    )


def read_card(folder: PathLike) -> Card:
    """The card of a weights folder. Raises WeightsError: missing, damaged, a wrong key, a newer schema."""
    card_file = Path(folder) / CARD_FILE
    try:
        card_json = parse_json(read_bytes(card_file, limit=32 << 20))
    except BadFile as error:
        raise WeightsError(error.message, details=error.details) from error
    except BadText as error:
        raise WeightsError(
            '"{0}" is not a valid JSON file; get the weights again.',
            card_file, details=repr(error),
        ) from error
    if not isinstance(card_json, dict):
        raise WeightsError('"{0}" is not a weights card; get the weights again.', card_file)
    schema = card_json.get("schema", CARD_SCHEMA)
    if isinstance(schema, int) and schema > CARD_SCHEMA:
        raise WeightsError(
            '"{0}" was written by a newer Tessera (card schema {1}, this version knows {2}); update Tessera to use '
            "these weights.",
            card_file, schema, CARD_SCHEMA,
        )
    try:
        return msgspec.convert(card_json, Card)  # unknown keys are left alone: a card may say more than we read
    except msgspec.ValidationError as error:
        raise WeightsError(
            '"{0}" is not a usable card: {1}.',
            card_file, _card_problem(str(error)), details=str(error),
        ) from error


def _card_problem(message: str) -> Message:
    explanation, _, key_path = message.partition(" - at ")
    key = re.sub(r"^[`$.]*", "", key_path).rstrip("`")
    complaint = complaint_of(explanation)
    return Message('the key "{0}": {1}', key, complaint) if key else complaint


def do_not_fit(card: Card, error: Exception) -> WeightsError:
    """The error for tensors or settings that the network of the card's system does not take."""
    return WeightsError(
        'The tensors of "{0}" do not fit its card; get the weights again.',
        card.name, details=str(error),
    )


def require_label_set(card: Card, label_set: LabelSet) -> None:
    """Raise WeightsError unless the weights know exactly the labels of `label_set`."""
    own_labels = card.labels()
    if own_labels is not None and own_labels.same_labels(label_set):
        return
    known_labels = (
        Message("the {0} labels of '{1}'", len(own_labels), own_labels.name)
        if own_labels is not None
        else Message("no labels")
    )
    raise WeightsError(
        "The weights \"{0}\" know {1}, not the {2} labels of '{3}'; choose weights for '{4}'.",
        card.name, known_labels, len(label_set), label_set.name, label_set.name,
    )
