"""Numbers that judge pictures and label maps."""
