"""What the Help menu opens: the guide, the keys, and what Tessera is."""
