"""Training: one loop, one task per system, recipes, run folders."""
