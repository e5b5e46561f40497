"""Weights in use are measured: what `tessera evaluate` and the cards say of them."""
