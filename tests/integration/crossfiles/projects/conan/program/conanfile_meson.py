from conan import ConanFile
from conan.tools.meson import Meson


class Program(ConanFile):
    settings = "os", "arch", "compiler", "build_type"
    requires = "greeting/1.0"
    generators = "MesonToolchain", "PkgConfigDeps"

    def build(self):
        meson = Meson(self)
        meson.configure()
        meson.build()
        meson.test()
