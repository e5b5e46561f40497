"""What the studio knows, apart from its widgets: the training, runs, recipes, the form of a new run, measurements."""
