"""What the three services share: the broker, the topology, the messages, the store and how a process lives."""
