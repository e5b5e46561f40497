"""SEAN (Zhu et al., CVPR 2020): a style per region."""
