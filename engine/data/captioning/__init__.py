"""Sentences about pictures that have a label map: what is measured in both, and how it is said."""
