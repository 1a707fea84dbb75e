"""The real peers to try the lab on."""
