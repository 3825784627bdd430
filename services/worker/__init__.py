"""The worker: takes jobs off the queue and develops the images."""
