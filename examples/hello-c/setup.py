"""The compiled module; everything else is in pyproject.toml."""

from setuptools import Extension, setup

setup(ext_modules=[Extension("hello_c._machine", ["src/hello_c/_machine.c"])])
