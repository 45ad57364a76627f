"""Building and running in containers: the only part of xbuild that talks to a container engine."""
