"""One run through all rooms: the bench it stands on, its steps, and what it found."""
