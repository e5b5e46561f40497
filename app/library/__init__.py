"""Styles to take: those that come with Tessera, and those that the user keeps. Nothing here knows a widget."""
