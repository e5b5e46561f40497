"""pix2pixHD's global generator (Wang et al., CVPR 2018): what SPADE compares itself with."""
