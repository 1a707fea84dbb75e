"""An engine lent ordinary sockets, files and the real clock: the reference peer."""
