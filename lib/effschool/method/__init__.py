"""The rules (методика): models of methodology files, thresholds, and identification from indicators to lists."""
