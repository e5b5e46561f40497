"""Picture files: told by content, read whatever their origin, written whole."""
