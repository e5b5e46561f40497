"""The training studio: the state of a training, and the window that shows and steers it."""
