"""Labels: label sets, their colours, and label maps."""
