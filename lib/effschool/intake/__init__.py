"""Files as sent (приём данных) → contract tables with the source of every row, and what is wrong with the files.

For others: `ingest` (`ingest_folder` → `Ingested`, `read_contract`), `layouts` (what files look like), `workbooks`
(workbooks opened with care), `corrections`, `school_names` and `identity` (words of their tables).
"""
