"""What a change does to the data: two warehouses compared, and what a change would touch before anything is built."""
