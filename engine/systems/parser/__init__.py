"""The parser: a photograph becomes a label map."""
