"""Regions in other shapes: a membrane for their colours, quilting for their texture."""
