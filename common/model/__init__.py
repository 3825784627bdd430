"""What the services exchange and the store keeps: ids, records, reports and messages."""
