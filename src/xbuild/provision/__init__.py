"""Where a target's files come from: Debian's archive, a directory of the user's own, an image; and the cache."""
