"""The document: what the user edits and saves, with undo and results; no widgets."""
