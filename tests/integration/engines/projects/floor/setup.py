from setuptools import Extension, setup

limited = {"py_limited_api": True, "define_macros": [("Py_LIMITED_API", "0x03090000")]}
setup(
    packages=[],
    ext_modules=[
        Extension("floor_c", ["floor.c"], libraries=["pthread"], **limited),
        Extension("floor_cxx", ["floor.cpp"], language="c++", extra_compile_args=["-std=c++17"], **limited),
    ],
    options={"bdist_wheel": {"py_limited_api": "cp39"}},
)
