"""Dataset folders."""
