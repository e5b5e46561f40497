"""Words of the interface: how labels, styles, metrics and the engine's sentences read in the user's language."""
