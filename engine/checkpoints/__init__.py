"""Weights on the disk: safetensors with a card, and the authors' published files turned into them."""

from __future__ import annotations

from engine.checkpoints.store import (
    CARD_SCHEMA,
    Card,
    Weights,
    WeightsEntry,
    find_weights,
    list_weights,
    load_weights,
    read_card,
    require_label_set,
    save_weights,
    search_path,
    user_weights_folder,
)

__all__ = [
    "CARD_SCHEMA",
    "Card",
    "Weights",
    "WeightsEntry",
    "find_weights",
    "list_weights",
    "load_weights",
    "read_card",
    "require_label_set",
    "save_weights",
    "search_path",
    "user_weights_folder",
]
