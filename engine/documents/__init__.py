"""Documents as files: one zip of a manifest, label maps, pictures and all that made them."""
