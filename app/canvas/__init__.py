"""The canvas: one widget that draws label map and picture and delegates to tools."""
