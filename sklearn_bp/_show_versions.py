"""What a bug report should say about the machine."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from threadpoolctl import threadpool_info

from .engine import get_config, get_engine

PACKAGES = ("sklearn-bp", "scikit-learn", "numpy", "scipy", "joblib", "threadpoolctl")


def show_versions():
    """Print the engine, the versions and the thread pools in use.

    Examples
    --------
    >>> import sklearn_bp
    >>> sklearn_bp.show_versions()  # doctest: +SKIP
    """
    _print_table(
        "System",
        ("python", platform.python_version()),
        ("machine", platform.platform()),
        ("cores", os.cpu_count()),
    )
    _print_table(
        "Engine",
        ("in use", get_engine().name),
        ("asked for", get_config()["engine"]),
        ("matrix products", get_engine().products),
    )
    _print_table("Packages", *((package, _version(package)) for package in PACKAGES))
    _print_table("Thread pools", *map(_description_of_pool, threadpool_info()))


def _version(package):
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _description_of_pool(pool):
    """Its file, as several packages bring along a runtime of the same name."""
    words = [pool["user_api"], pool["version"], pool.get("architecture")]
    kind = " ".join(filter(None, words))
    return Path(pool["filepath"]).name, f"{pool['num_threads']} threads, {kind}"


def _print_table(title, *rows):
    print(f"{title}:")
    width = max((len(name) for name, _ in rows), default=0)
    for name, value in rows:
        print(f"  {name:>{width}}: {value}")
    print()
