"""The environment of a cross build, kept in the cache, for builds that are not xbuild's own."""
