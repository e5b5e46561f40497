"""Holes filled with patches of the picture around them."""
