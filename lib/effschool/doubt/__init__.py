"""Signs that ask to check ВПР before conclusions (признаки необъективности): tables → signs, and what they change.

A sign is told beside the result with its chance; by itself it moves no school on or off a list. For others: `signs`
(`find_signs`), `borders` (`load_borders`), `leaving_out` (a place without ВПР, doubtful years left out), `marks_use`
(ВПР against the same cohort's exam), `tails` (chance of a count in an ordinary school).
"""
