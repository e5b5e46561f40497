"""The edits panel: what has been changed in a photo, one row for each restyled region."""
