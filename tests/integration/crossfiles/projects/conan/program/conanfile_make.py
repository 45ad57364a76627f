from conan import ConanFile
from conan.tools.gnu import Autotools


class Program(ConanFile):
    settings = "os", "arch", "compiler", "build_type"
    requires = "greeting/1.0"
    generators = "AutotoolsToolchain", "AutotoolsDeps"

    def build(self):
        Autotools(self).make(args=[f"-f{self.source_folder}/Makefile", f"VPATH={self.source_folder}"])
