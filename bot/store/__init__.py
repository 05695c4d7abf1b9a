"""What a bot remembers: in memory, or in a database that outlives the process and may be shared by several."""
