"""`make soak`: uploads without end while processes, broker, disk and clock are disturbed at random."""
