"""What the local store does with a file system: durable writes, thread hops, open files, locks."""
