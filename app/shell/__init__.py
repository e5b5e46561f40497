"""What the editor has before any window: the user's folders and settings, language, looks, the table of actions."""
