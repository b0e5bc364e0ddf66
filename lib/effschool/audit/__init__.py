"""Audit workbook (книга для проверки): raw counts as values, every number made from them as a live formula.

Whoever signs a list can follow any number of it in Excel or LibreOffice, cell by cell, change a count or a parameter
and see what becomes of the lists. Formulas are made from the methodology, never copied from the computed tables.
"""

from effschool.audit.book import write_audit

__all__ = ["write_audit"]
