"""HTTP itself: problems, responses, negotiation, ranges, headers and the protocol."""
