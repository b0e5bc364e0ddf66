"""What readers get (отчёты): tables of the stages → text, tables and charts → page, workbook, note, letter, facts.

For others: `workspace` (what the stages leave, read and written), `portfolio` (a municipality or the region in a year),
`display` (text, table, chart), `charts` and `pictures`, `privacy`, the writers `page`, `workbook`, `note`, `letter`,
`fact_book`, `printing`, and `sections`, the parts of pages by what they speak of.
"""
