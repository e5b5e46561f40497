"""Dock widgets and bars. They hold no truth: they show the document and send wishes as signals."""
