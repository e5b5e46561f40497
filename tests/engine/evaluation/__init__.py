"""Weights in use are measured."""
