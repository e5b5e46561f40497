"""SPADE (Park et al., CVPR 2019), and VSPADE, which draws one style for the whole picture."""
