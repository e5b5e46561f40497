"""Pure numpy: strokes, fills and the view's arithmetic, with keyword arguments and without Qt."""
