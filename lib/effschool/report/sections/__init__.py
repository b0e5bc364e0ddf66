"""Parts of pages (разделы), by what they speak of."""
