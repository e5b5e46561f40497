"""What was not in the picture: holes that are filled, pictures that are made."""
