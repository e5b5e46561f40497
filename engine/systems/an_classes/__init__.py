"""Attentive Normalization (Wang et al., CVPR 2020), class-conditional: pictures of a class, out of noise."""
