"""The box generator: a sentence, and one after the other the label and the box of each thing in its picture.

"Inferring Semantic Layout for Hierarchical Text-to-Image Synthesis" (Hong et al., CVPR 2018), section 4.1. A text
encoder gives the sentence; an LSTM goes over the boxes from left to right; each step gives the label as a softmax over
all labels and "stop" (equation 2), then the box given the label (equation 3) as two mixtures of bivariate Gaussians:
the position, and the size given the position (the arXiv appendix).

The article leaves open, and we chose: positions are centres, as shares of the picture's sides; sizes are logarithms of
shares, because sides are positive and small things are many; the text encoder is a bidirectional LSTM over words. Ours:
a domain (whose pictures' labels these are) that each step sees, and that is guessed from the sentence where it is not
given; and attention over words (Luong et al. 2015, section 3.1, "general"), 0 in the paper's configuration.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.errors import ConfigError

UNKNOWN = 1
"""The number of a word that the weights do not know; 0 is none, where a sentence is shorter than others."""
FIRST_WORD = 2
PARAMETERS = 6
"""Of a bivariate Gaussian in a mixture: weight, two means, two deviations, correlation."""
LEAST_DEVIATION = 0.01
MOST_CORRELATION = 0.95
USUAL_CENTRES, USUAL_LOG_SIZES = (0.0, 1.0), (-3.0, 0.0)


@dataclass(frozen=True)
class BoxGeneratorConfig:
    """The box generator.

    classes: labels. class_names: their names. domains, domain_classes: names of data sets, and the labels of each.
    words: that it knows, the first with the number 2.
    word_width, text_width, width: numbers of a word, of the sentence and of the decoder's state.
    components: Gaussians of each mixture (20 in the article). attention: whether each step looks at single words.
    """

    classes: int = 80
    class_names: tuple[str, ...] = ()
    domains: tuple[str, ...] = ("",)
    domain_classes: tuple[tuple[int, ...], ...] = ()
    words: tuple[str, ...] = ()
    word_width: int = 300
    text_width: int = 512
    width: int = 512
    components: int = 20
    attention: bool = False
    dropout: float = 0.5

    def __post_init__(self) -> None:
        if self.text_width % 2:
            raise ConfigError("text_width is {0}; two directions share it, give an even number", self.text_width)

    @property
    def stop(self) -> int:
        """The number of "no further box"."""
        return self.classes


class Text(NamedTuple):
    """An encoded sentence: words (B, T, text_width), known (B, T) bool, sentence (B, text_width)."""

    words: Tensor
    known: Tensor
    sentence: Tensor


class Predicted(NamedTuple):
    """What each step predicts, of N steps: labels (B, N, classes + 1) logits; positions, sizes (B, N, components, 6);
    domains (B, domains) logits."""

    labels: Tensor
    positions: Tensor
    sizes: Tensor
    domains: Tensor


class TextEncoder(nn.Module):
    """Numbers of words -> a bidirectional LSTM's states of each and their maximum over the sentence."""

    def __init__(self, config: BoxGeneratorConfig) -> None:
        super().__init__()
        self.embedding = nn.Embedding(FIRST_WORD + len(config.words), config.word_width, padding_idx=0)
        self.forwards = nn.LSTM(config.word_width, config.text_width // 2, batch_first=True)
        self.backwards = nn.LSTM(config.word_width, config.text_width // 2, batch_first=True)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, words: Tensor) -> Text:
        """words (B, T) int64, 0 behind the end of a sentence; how many zeros follow changes nothing."""
        known = words > 0
        lengths = known.sum(dim=1, keepdim=True).clamp(min=1)
        places = torch.arange(words.shape[1], device=words.device)
        reversed_places = (lengths - 1 - places).clamp(min=0)  # of the word that the backward direction reads there
        embedded = self.dropout(self.embedding(words))
        ahead, _ = self.forwards(embedded)
        back, _ = self.backwards(_taken(embedded, reversed_places))
        states = torch.cat([ahead, _taken(back, reversed_places)], dim=2) * known[..., None]
        sentence = states.masked_fill(~known[..., None], -1.0).amax(dim=1)  # an LSTM's states lie above -1
        return Text(states, known, sentence)


def _taken(states: Tensor, places: Tensor) -> Tensor:
    """(B, T, C) at places (B, T)."""
    return states.gather(1, places[..., None].expand(-1, -1, states.shape[2]))


class BoxGenerator(nn.Module):
    """Sentence and boxes so far -> label and box of the next."""

    def __init__(self, config: BoxGeneratorConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.text = TextEncoder(config)
        self.domain_guess = nn.Linear(config.text_width, len(config.domains))
        self.domain = nn.Embedding(len(config.domains), config.text_width)
        self.previous_label = nn.Embedding(config.classes + 1, width)  # "stop" stands for the beginning
        self.previous_box = nn.Linear(4, width)
        self.decoder = nn.LSTM(2 * width + config.text_width, width, batch_first=True)
        self.query = nn.Linear(width, config.text_width, bias=False) if config.attention else None
        state_width = width + config.text_width * (2 if config.attention else 1)
        self.label_head = nn.Sequential(
            nn.Dropout(config.dropout), nn.Linear(state_width, width), nn.ReLU(), nn.Linear(width, config.classes + 1)
        )
        self.label = nn.Embedding(config.classes + 1, width)
        self.position_head = _mixture_head(state_width + width, config, USUAL_CENTRES)
        self.size_head = _mixture_head(state_width + width + 2, config, USUAL_LOG_SIZES)

    def encode(self, words: Tensor, domains: Tensor | None = None) -> tuple[Text, Tensor]:
        """The sentence (B, T) as the decoder sees it, its domain (B,) added, and logits of its domain (B, domains).

        domains: guessed where they are not given.
        """
        text = self.text(words)
        guesses = self.domain_guess(text.sentence)
        if domains is None:
            domains = guesses.argmax(dim=1)
        return text._replace(sentence=text.sentence + self.domain(domains)), guesses

    def forward(self, words: Tensor, domains: Tensor, labels: Tensor, boxes: Tensor) -> Predicted:
        """What is predicted where all boxes before are the true ones.

        words (B, T), domains (B,), labels (B, N) int64; boxes (B, N, 4): centre and logarithms of the size. Step n sees
        labels and boxes before n; its box sees label n, its size position n too.
        """
        text, guesses = self.encode(words, domains)
        begin = labels.new_full((len(labels), 1), self.config.stop)
        earlier_labels = torch.cat([begin, labels[:, :-1]], dim=1)
        earlier_boxes = torch.cat([torch.zeros_like(boxes[:, :1]), boxes[:, :-1]], dim=1)
        states, _ = self.decode(text, earlier_labels, earlier_boxes)
        positions = self.positions(states, labels)
        sizes = self.sizes(states, labels, boxes[..., :2])
        return Predicted(self.label_head(states), positions, sizes, guesses)

    def decode(
        self, text: Text, labels: Tensor, boxes: Tensor, memory: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """States (B, N, C) behind N labels (B, N) and boxes (B, N, 4), and the LSTM's memory after them."""
        steps = labels.shape[1]
        sentence = text.sentence[:, None].expand(-1, steps, -1)
        seen = torch.cat([self.previous_label(labels), self.previous_box(boxes), sentence], dim=2)
        hidden, memory = self.decoder(seen, memory)
        parts = [hidden, sentence]
        if self.query is not None:
            scores = self.query(hidden) @ text.words.transpose(1, 2)
            scores = scores.masked_fill(~text.known[:, None], torch.finfo(scores.dtype).min)
            parts.append(scores.softmax(dim=2) @ text.words)
        return torch.cat(parts, dim=2), memory

    def positions(self, states: Tensor, labels: Tensor) -> Tensor:
        """Mixtures (B, N, components, 6) of the centres of boxes with these labels."""
        return self._mixtures(self.position_head(torch.cat([states, self.label(labels)], dim=2)))

    def sizes(self, states: Tensor, labels: Tensor, centres: Tensor) -> Tensor:
        """Mixtures of the logarithms of the sizes of boxes with these labels and centres (B, N, 2)."""
        return self._mixtures(self.size_head(torch.cat([states, self.label(labels), centres], dim=2)))

    def _mixtures(self, raw: Tensor) -> Tensor:
        return raw.unflatten(2, (self.config.components, PARAMETERS))


def _mixture_head(in_width: int, config: BoxGeneratorConfig, usual: tuple[float, float]) -> nn.Module:
    """A head whose Gaussians at first lie scattered over the usual range, each as wide as a part of it."""
    last = nn.Linear(config.width, config.components * PARAMETERS)
    with torch.no_grad():
        bias = last.bias.view(config.components, PARAMETERS)
        bias.zero_()
        bias[:, 1:3].uniform_(*usual)
        bias[:, 3:5] = math.log(math.expm1((usual[1] - usual[0]) / 4))  # the inverse of softplus
    return nn.Sequential(nn.Linear(in_width, config.width), nn.ReLU(), last)


class Mixture(NamedTuple):
    """Bivariate Gaussians: log_weights (..., K), means, deviations (..., K, 2), correlations (..., K)."""

    log_weights: Tensor
    means: Tensor
    deviations: Tensor
    correlations: Tensor


def mixture_of(raw: Tensor) -> Mixture:
    """What a head's numbers (..., K, 6) mean."""
    raw = raw.float()
    return Mixture(
        raw[..., 0].log_softmax(dim=-1),
        raw[..., 1:3],
        F.softplus(raw[..., 3:5]) + LEAST_DEVIATION,
        raw[..., 5].tanh() * MOST_CORRELATION,
    )


def log_likelihood(raw: Tensor, points: Tensor) -> Tensor:
    """Log density (...) of points (..., 2) under mixtures (..., K, 6), in nats."""
    mixture = mixture_of(raw)
    off = (points[..., None, :] - mixture.means) / mixture.deviations
    rest = 1 - mixture.correlations**2
    square = (off**2).sum(dim=-1) - 2 * mixture.correlations * off[..., 0] * off[..., 1]
    norm = mixture.deviations.log().sum(dim=-1) + 0.5 * rest.log() + math.log(2 * math.pi)
    return (mixture.log_weights - norm - square / (2 * rest)).logsumexp(dim=-1)
