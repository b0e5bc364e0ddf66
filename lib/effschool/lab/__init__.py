"""A methodologist's desk (JupyterLab): a run's tables → panels; two methodologies or two runs → what differs and why.

For others: `trials` (a notebook run by hand works in a folder of its own), `panels`, `comparison` (of methodologies),
`changes` (from run to run), `jupyter` (opens JupyterLab).
"""
