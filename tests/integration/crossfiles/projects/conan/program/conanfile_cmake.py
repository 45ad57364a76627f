from conan import ConanFile
from conan.tools.cmake import CMake


class Program(ConanFile):
    settings = "os", "arch", "compiler", "build_type"
    requires = "greeting/1.0"
    generators = "CMakeToolchain", "CMakeDeps"

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()
        cmake.ctest(["--output-on-failure"])
