"""The `todo` commands."""
