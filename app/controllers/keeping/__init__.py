"""Documents in files: what is told of opened ones, bringing back after a crash, and the list of steps."""
