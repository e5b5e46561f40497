"""Documents as files: scenes, kept pictures and history as plain data and parts."""
