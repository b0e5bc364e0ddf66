"""Tasks of works (выполнение заданий): shares of points by school → where schools fall behind, and what they share.

For others: `works` (what tasks check, by year: `load_works`, and the rules: `load_rules`), `deficits`
(`find_deficits` → `Deficits`: tasks in which a school falls behind the region beyond chance, «западающие темы» of
municipalities and of the region).
"""
