"""Scapy builds and dissects frames; raw stations; deliberately malformed packets. Shares nothing with lab.wire."""
