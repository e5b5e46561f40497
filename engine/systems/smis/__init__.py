"""SMIS, or GroupDNet (Zhu et al., CVPR 2020), and the baselines of its paper: a latent per label."""
