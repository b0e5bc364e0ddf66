"""How sure a list is (насколько спискам можно верить): sampling, chance, stability, counterfactuals."""
