"""Dynamics (динамика): what becomes of schools and of cohorts of pupils over the years.

`paths` and `transitions` follow bands and lists, `leaving` the time on a list, `level_change` the grid of level by
change, `pupil_cohorts` the same children from grade to grade; `follow` makes them all.
"""
