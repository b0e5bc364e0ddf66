"""Variables by which a kernel knows who is there; a module of its own, since it must not wait for the panels."""

MODE = "EFFSCHOOL_PANELS"
"""Variable that decides outright: «live» or «static»."""
FILES = "EFFSCHOOL_FILES"
"""Variable with the address under which the project's files are served, where no JupyterLab resolves links."""
