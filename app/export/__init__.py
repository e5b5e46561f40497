"""Writing pictures, requests and label maps."""
