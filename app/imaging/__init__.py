"""Between numpy's pictures and Qt's: conversions, thumbnails, what a drop carries."""
