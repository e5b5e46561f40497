"""Commands on styles that come from no file: colours, the list of a photo's edits, the library."""
