"""This machine: addresses, ports and who holds them, what it permits. Imports no other room."""
