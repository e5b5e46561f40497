"""Weights in use: one painter per system, all with the face of `engine.painters.base.Painter`.

`base` says what a painter is, `sizes` at which size one paints, `codes` turns a request's styles into style codes;
`sean`, `smis`, `spade` and `pix2pixhd` hold one painter each.
"""
