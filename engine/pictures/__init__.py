"""Picture files: recognised by content, read whatever their origin, written whole."""
