"""Ladder diagrams and field-coloured bytes: one model, many faces."""
