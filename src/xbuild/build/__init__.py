"""The PEP 517 build of one source for one target: source, requirements, environment, backend."""
