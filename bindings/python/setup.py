"""Says of the wheel what setuptools cannot know: it holds a library for one kind of machine, and no code for one kind of Python."""

from setuptools import Distribution, setup
from setuptools.command.bdist_wheel import bdist_wheel


class Bundling(Distribution):
    def has_ext_modules(self):
        return True


class AnyPython(bdist_wheel):
    def get_tag(self):
        _, _, platform = super().get_tag()
        return "py3", "none", platform


setup(distclass=Bundling, cmdclass={"bdist_wheel": AnyPython})
