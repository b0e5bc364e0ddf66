"""How sure a list is (насколько спискам можно верить): identified schools and their counts → chance, stability.

For others: `sampling` (`Recount`: pupils drawn anew), `chance`, `stability` (`assess_lists`), `shrinkage`
(`estimate_levels`), `backtest`, `rules_power`, `structure`, `explain` (why this school, what would have changed the
decision), and of the what-if of a panel `resampling` and `result_changes`.
"""
