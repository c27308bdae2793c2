"""Other people's tools, tried with the estimators of this package.

`python -m tools ../doc/tools.md`, in the folder of the tests, tries them one after the
other, each package in a process of its own, and writes what works into a page. What is
not installed is left out; `pip install ".[tools]"` installs all of them.
"""
