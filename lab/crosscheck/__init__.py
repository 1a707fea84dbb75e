"""The same bytes, three readings, compared field by field."""
