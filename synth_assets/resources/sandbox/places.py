"""What of the file system a program sees: Python and what it is linked to."""

import os
import site
import sys
import sysconfig

DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
SCRATCH = "/tmp"
"""Where programs may write, in a file system of their own."""

_LIBRARIES = ("/usr/lib", "/usr/lib64", "/lib", "/lib64")
_DATA = (*("/etc/ld.so.cache", "/etc/localtime", "/usr/share/zoneinfo", "/usr/share/locale"),)


def installed() -> tuple[str, ...]:
    """Folders of the standard library and of installed packages, as `sys.path` should have them."""
    stdlib = sysconfig.get_path("stdlib")
    packages = [path for path in site.getsitepackages() if os.path.isdir(path)]
    return tuple(dict.fromkeys([stdlib, os.path.join(stdlib, "lib-dynload"), *packages]))


def readable() -> tuple[str, ...]:
    """Every file and folder that a program may read; those that exist."""
    shared = sysconfig.get_config_var("LIBDIR")
    named = [*installed(), os.path.join(sys.base_prefix, "lib"), shared, *_LIBRARIES, *_DATA]
    return tuple(dict.fromkeys(path for path in named if path and os.path.exists(path)))
