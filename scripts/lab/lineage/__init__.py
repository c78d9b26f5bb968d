"""What following the columns of many models costs."""
