"""The HTTP side, by Litestar."""
