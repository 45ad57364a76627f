"""The mean of some numbers, in C++."""

from hello_cmake._mean import mean

__all__ = ["mean"]
