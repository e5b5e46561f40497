"""Attentive Normalization (Wang et al., CVPR 2020), inpainting: holes of a picture are filled from what is around."""
