"""How frames travel: private network, raw sockets, in-memory wire, faults, recorder. Knows no protocol."""
