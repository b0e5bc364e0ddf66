"""What readers get (отчёты): text, tables and charts, and the writers of pages, workbooks, notes and facts."""
