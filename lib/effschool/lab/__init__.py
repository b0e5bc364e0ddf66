"""A methodologist's desk (JupyterLab): panels, comparison of methodologies and of runs."""
