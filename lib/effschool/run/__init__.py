"""The year's run (прогон): plan, fingerprints, engine, executors, commands."""
