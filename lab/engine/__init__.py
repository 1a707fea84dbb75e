"""What a peer does next, given a datagram or a timeout. No socket, clock, thread, file or print."""
