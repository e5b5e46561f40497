"""The systems: each folder holds one paper's network, painter, training task, published files and fast path."""
