"""Capture files to timestamped frames and back. Knows no protocol."""
