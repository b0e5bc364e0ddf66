"""Files as sent (приём данных) → contract tables: formats, layouts, rows, identity, corrections, succession."""
