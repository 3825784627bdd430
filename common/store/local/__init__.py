"""The store on a local disk."""
