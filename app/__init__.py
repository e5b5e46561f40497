"""Tessera's desktop editor. Knows the engine; nothing in the engine knows this package."""
