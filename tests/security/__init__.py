"""What an attacker sends: hostile pictures, hostile HTTP, other people's ids; and a command that fuzzes a system."""
