"""What an attacker sends: hostile images, hostile HTTP, other people's ids; and a command that fuzzes a system."""
