"""Forms for the ОМСУ (формы): contract tables → workbooks to fill in; what came back → protocols of the check.

For others: `template` (the form's questions), `books` (`write_forms`), `protocol` (`write_check`).
"""
