"""Pure renderers: one :class:`~xbuild.crossfiles.spec.CrossSpec` in, the text of one configuration file out."""
