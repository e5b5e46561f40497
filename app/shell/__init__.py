"""The application's frame: the window, its actions and docks, settings, looks and places."""
