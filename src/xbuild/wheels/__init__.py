"""Wheels as files: what their names promise, what is in them, and whether the two agree."""
