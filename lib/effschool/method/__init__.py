"""The rules (методика) and identification: contract tables and a methodology → indicators, indices, bands, lists.

For others: `methodology` (models of the file, `load_methodology`), `identify` (`identify_schools` → `Identified`),
`thresholds`, `variance` (one scale for all exams, how much of a difference is chance), and the steps of identification
that counterfactuals and redraws go through anew: `indicators`, `normalise`, `indices`, `bands`, `windows`, `lists`,
`fioko`, `groups`.
"""
