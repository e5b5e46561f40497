"""What a run in progress is made of: its steps, checkpoints, clock, random numbers and processes."""
