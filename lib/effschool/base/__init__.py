"""What every room stands on (основа): rule files, problems, schemas of tables, storage, Russian, parallel calls."""
