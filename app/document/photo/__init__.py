"""What only a document that is a photo has: the photo and its regions, and the frames in which it is edited."""
