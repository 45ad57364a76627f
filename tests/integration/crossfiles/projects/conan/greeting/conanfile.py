from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake


class Greeting(ConanFile):
    name = "greeting"
    version = "1.0"
    settings = "os", "arch", "compiler", "build_type"
    generators = "CMakeToolchain"
    exports_sources = "*"

    def validate(self):
        check_min_cppstd(self, 17)

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        CMake(self).install()

    def package_info(self):
        self.cpp_info.libs = ["greeting"]
