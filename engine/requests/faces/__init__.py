"""Faces in photos: where they are."""
