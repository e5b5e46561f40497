"""Weights on the disk: safetensors with a card, and the authors' published files turned into them."""
