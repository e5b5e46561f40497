"""One set of weights in use: sentences become layouts."""

from __future__ import annotations

import difflib

import torch

from engine.data.vocabulary import words_of
from engine.errors import BadRequest
from engine.requests.layout import PlacedBox, Plan
from engine.systems.text_layout.draw import drawn_boxes
from engine.systems.text_layout.network import BoxGenerator
from engine.systems.text_layout.sentences import Vocabulary
from engine.weights.networks import network_of
from engine.weights.store import Weights

MOST_BOXES = 32


class LayoutPlanner:
    """Weights of system "text-layout", ready to use. Raises WeightsError if tensors and card do not fit."""

    def __init__(self, weights: Weights, device: torch.device) -> None:
        self.card, self.device = weights.card, device
        self.generator: BoxGenerator = network_of(weights).to(device).eval().float()
        self.config = self.generator.config
        self.class_names = self.config.class_names or tuple(f"class {n}" for n in range(self.config.classes))
        self.domains = self.config.domains
        self.vocabulary = Vocabulary(self.config)

    def plan(self, sentence: str, domain: str, seed: int, temperature: float) -> Plan:
        """See `engine.requests.layout.Planner`."""
        number = self.domain_number(domain) if domain else None
        numbers = self.vocabulary.numbers_of(sentence)
        boxes, drawn_domain = drawn_boxes(self.generator, numbers, number, seed, temperature, MOST_BOXES)
        placed = tuple(PlacedBox(self.class_names[box.label], *(round(x, 5) for x in box.corners)) for box in boxes)
        return Plan(placed, self.domains[drawn_domain])

    def domain_number(self, domain: str) -> int:
        """Raises BadRequest for a domain that the weights do not know."""
        if domain not in self.domains:
            raise BadRequest(
                'The weights "{0}" know no domain "{1}"; they know {2}.',
                self.card.name, domain, ", ".join(filter(None, self.domains)),
            )
        return self.domains.index(domain)

    def unknown_words(self, sentence: str) -> dict[str, list[str]]:
        """Words that the weights do not know, with up to three near ones each; all are unknown in other scripts."""
        unknown = self.vocabulary.unknown_in(sentence)
        return {word: difflib.get_close_matches(word, self.config.words, 3, cutoff=0.75) for word in unknown}

    def knows_any_word(self, sentence: str) -> bool:
        """Whether there is a word to go by."""
        return len(self.vocabulary.unknown_in(sentence)) < len(set(words_of(sentence)))
