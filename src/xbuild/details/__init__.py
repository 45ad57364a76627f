"""PEP 739 ``build-details.json``: model, validation, discovery, repair, synthesis, comparison."""
