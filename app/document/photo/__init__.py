"""What only a document that is a photo has: the frames in which it is edited."""
