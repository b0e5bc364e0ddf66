"""Numbers for the public (открытая публикация): a workspace → counts of schools with the small ones hidden.

For others: `sections`, the parts of the page; `earlier`, what was published before.
"""
