"""Dialogs and the questions they ask. None of them blocks the event loop by itself."""
