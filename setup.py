"""Build the compiled engine. Everything else about the package is in pyproject.toml.

The extension is optional: without a working C compiler the package installs
anyway and runs on the reference engine. Three environment variables are for developers:
SKLEARN_BP_DEBUG=1 enables Cython's bounds checks, SKLEARN_BP_SANITIZE names checks of
the compiler, see .ci/sanitize, and SKLEARN_BP_REQUIRE_COMPILED=1 makes a failed
compilation an error.
"""

import os
import sysconfig
import tempfile
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import CompileError, LinkError

DEBUG = os.environ.get("SKLEARN_BP_DEBUG") == "1"
REQUIRE_COMPILED = os.environ.get("SKLEARN_BP_REQUIRE_COMPILED") == "1"
SANITIZE = os.environ.get("SKLEARN_BP_SANITIZE", "")

FOLDER = "sklearn_bp/engine/_compiled"
# What takes longest first.
MODULES = ("_layers", "_loop", "_batch", "_forward", "_structs", "_calls")

# One build with the limited API of Python 3.11 serves this and all later versions, and
# loses half a microsecond at each call. Python without the GIL has no such API: there
# must be a build for each version.
HAS_LIMITED_API = not sysconfig.get_config_var("Py_GIL_DISABLED")

# Neither -ffast-math nor -march=native: the first breaks checks for NaN and infinity,
# and the loops are compiled for several instruction sets anyway. The two flags on
# floating point only say that nobody reads errno or its status, so that loops with a
# square root or a comparison can be vectorised; a multiply-add is rounded once wherever
# the processor can, as GCC does by default. Debug information, which Python's own
# flags ask for, would make up three quarters of the engine. An entry of tables.h
# without its function is an error here, and not when the engine is loaded. Without the
# alignment, a step can take 8 % longer because of a change to code that precedes its
# loops.
UNIX_FLAGS = [
    "-O3",
    "-falign-functions=64",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-ffp-contract=fast",
    "-g" if DEBUG or SANITIZE else "-g0",
    "-Werror=implicit-function-declaration",
]
# Python's own flags let signed numbers wrap around, which is not an error then.
SANITIZER_FLAGS = [
    "-O1",
    f"-fsanitize={SANITIZE}",
    "-fno-sanitize-recover=all",
    "-fno-omit-frame-pointer",
    "-fno-wrapv",
]
MSVC_FLAGS = ["/O2", "/std:c11"]
# What to compile and to link with; the first that works is taken. The last one for Unix
# is for Apple's clang, which comes without the library.
OPENMP_FLAGS = {
    "unix": [(["-fopenmp"], ["-fopenmp"]), (["-Xpreprocessor", "-fopenmp"], ["-lomp"])],
    "msvc": [(["/openmp"], [])],
}


class BuildEngine(build_ext):
    """Compile in parallel, with the flags that the compiler accepts."""

    def finalize_options(self):
        super().finalize_options()
        if self.parallel is None:
            self.parallel = os.cpu_count()

    def build_extensions(self):
        kind = self.compiler.compiler_type
        flags = MSVC_FLAGS if kind == "msvc" else UNIX_FLAGS
        openmp = filter(self._links_with, OPENMP_FLAGS.get(kind, []))
        compile_flags, link_flags = next(openmp, ([], []))
        for extension in self.extensions:
            extension.extra_compile_args = flags + compile_flags
            extension.extra_link_args = list(link_flags)
        if SANITIZE:
            for extension in self.extensions:
                extension.extra_compile_args += SANITIZER_FLAGS
                extension.extra_link_args += SANITIZER_FLAGS
        self.force = self.force or DEBUG  # earlier builds used other directives
        super().build_extensions()

    def _links_with(self, openmp):
        """Whether compiler and linker accept these flags and find their library."""
        compile_flags, link_flags = openmp
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder, "probe.c")
            source.write_text(
                "#include <omp.h>\nint probe(void)\n{ return omp_get_max_threads(); }\n"
            )
            try:
                objects = self.compiler.compile(
                    [str(source)], output_dir=folder, extra_postargs=compile_flags
                )
                self.compiler.link_shared_object(
                    objects, str(Path(folder, "probe.out")), extra_postargs=link_flags
                )
            except (CompileError, LinkError):
                return False
        return True


extensions = [
    Extension(
        f"{FOLDER}/{name}".replace("/", "."),
        [f"{FOLDER}/{name}.pyx"],
        depends=[str(header) for header in Path(FOLDER).glob("*.h")],
        include_dirs=[FOLDER],
        define_macros=[("Py_LIMITED_API", "0x030B0000")] if HAS_LIMITED_API else [],
        py_limited_api=HAS_LIMITED_API,
    )
    for name in MODULES
]
extensions = cythonize(
    extensions,
    build_dir="build/cython-debug" if DEBUG else "build/cython",
    force=DEBUG,
    compiler_directives={
        "language_level": 3,
        "binding": True,
        "boundscheck": DEBUG,
        "wraparound": DEBUG,
        "initializedcheck": DEBUG,
        "cdivision": True,
    },
)
for extension in extensions:
    extension.optional = not REQUIRE_COMPILED  # cythonize would not pass it on

options = {}
if HAS_LIMITED_API:
    options["bdist_wheel"] = {"py_limited_api": "cp311"}
if SANITIZE:
    # Modules of a normal build would be taken for up to date, and the other way round.
    options["build"] = {"build_base": "build/sanitized"}

setup(
    ext_modules=extensions,
    cmdclass={"build_ext": BuildEngine},
    options=options,
)
