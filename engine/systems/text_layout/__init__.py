"""The box generator of hierarchical text-to-image synthesis (Hong et al., CVPR 2018): a sentence becomes a layout."""
