"""What the bytes mean: the reference reading. Strict to read, exact to write, loses nothing; standard library only."""
