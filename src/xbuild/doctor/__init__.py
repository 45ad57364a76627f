"""What xbuild finds on this machine, what is missing, and whether building for a target works: ``xbuild doctor``."""
