"""What every room stands on (основа); it knows nothing of schools but the columns of their tables.

For others: `configuration` (files of rules, read and checked), `schemas` (columns of every table), `problems` (what is
wrong with a file, in words), `storage` (files written whole or not at all), `scratch` (what is temporary), `russian`
(numbers and words), `subprocesses` (calls in processes of their own).
"""
