"""Faces are found in pictures: where each is, how large, and how far it is turned."""
