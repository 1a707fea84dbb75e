"""What scripts/record-captures records: the faults, the servers, the clients, and the scenarios made of them."""
