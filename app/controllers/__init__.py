"""What the commands of the action table do: one small object for each kind of work."""
