"""The HTTP/1.1 server beneath the application: request heads, connections and their limits."""
