"""Driving sides: they translate between a wire and the domain, and decide nothing."""
