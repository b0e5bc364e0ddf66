"""«Эффективная школа»: identification of schools with low results and reports for each municipality."""
