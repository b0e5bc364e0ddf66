"""The year's run (прогон): files as sent → reports of every municipality, only what is out of date made anew.

Nothing stands above it but the command line: `commands`. A notebook may have `one_report` made.
"""
