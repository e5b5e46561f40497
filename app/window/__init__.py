"""The main window: its actions, its docks and the panels that a kind of document brings."""
