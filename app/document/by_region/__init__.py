"""What a document says of its regions: where they are, their styles, what is locked and hidden."""
