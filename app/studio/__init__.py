"""The training studio: the window that starts, shows and steers a training."""
