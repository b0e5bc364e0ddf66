"""Dynamics (динамика): lists and results of all years → what becomes of schools and of cohorts of pupils.

For others: `follow` (`follow_schools` → `Dynamics`, all of it), `paths` and `transitions` (bands and lists), `leaving`
(the time on a list), `level_change` (the grid of level by change), `pupil_cohorts` (the same children from grade to
grade), `partners`, `clusters`, `effects` (of a programme).
"""
