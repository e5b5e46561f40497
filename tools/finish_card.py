"""Put what `tessera evaluate` measured, and the whole history of a training, into a weights card.

    python tools/finish_card.py weights/NAME METRICS.json [--steps N --seconds S --notes TEXT --samples PNG]

A parser is sure from the confidence that was measured; measure it again to see what that is worth.
"""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import Any

from engine.pictures.images import read_image
from engine.weights.store import load_weights, save_weights


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("metrics", type=Path)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--notes")
    parser.add_argument("--samples", type=Path)
    options = parser.parse_args()
    weights = load_weights(options.folder)
    measured = json.loads(options.metrics.read_text(encoding="utf-8"))
    changes: dict[str, object] = {"metrics": merged(weights.card.metrics, measured)}
    for field_name in ("steps", "seconds", "notes"):
        if getattr(options, field_name) is not None:
            changes[field_name] = getattr(options, field_name)
    if measured.get("sure_from") is not None:
        changes["sure_from"] = math.floor(1000 * measured["sure_from"]) / 1000
    samples = read_image(options.samples).pixels if options.samples else None
    save_weights(options.folder, weights.card.replace(**changes), weights.state, samples=samples)


def merged(card_metrics: dict[str, Any], measured: dict[str, Any]) -> dict[str, Any]:
    """A card's metrics with what was measured on one split; what is known of other splits, or more of this, stays."""
    split = measured["split"]
    return {**card_metrics, split: {**card_metrics.get(split, {}), **measured}}


if __name__ == "__main__":
    main()
