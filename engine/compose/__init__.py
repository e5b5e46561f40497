"""A photo stays a photo: pure functions that put a change of some regions into a photograph of any size.

Arrays in, arrays out: no Qt, no files, no torch. What is slow or fitted happens on a small copy of the photo (about 256
pixels a side, the size at which networks paint); what is left for the photo's own size is a few multiplications per
pixel. docs/photo.md says how, and what each step gains.

    colour_space    sRGB and CIELAB
    regions         averages inside a region and beside it
    guided_filter   edge-aware smoothing whose coefficients can be enlarged
    evidence        what the photo's colours say about a region: what its map takes for it, what it overlooks
    mattes          how much of each pixel belongs to a region
    own_colour      regions of one colour, and the beard in them
    tones           a region's colours as a function of lightness, and the map from one region's tones to another's
    strands         strands of hair where a photo shows none
    rims            rims along hair that would glow
    colours         a single colour as a style
    change          everything about one restyled region: `RegionChange`
    samples         decoded samples (grey or colour, with or without alpha, 8 or 16 bits) as colours and back
    composition     photo + changes -> picture, strip by strip
    shapes          regions in other shapes: painted, in the photo's colours (a membrane), with its texture (quilting)
    transfer        the plain colour transfer that everything here is measured against
"""
