"""The API in memory and over the network, as clients use it."""
