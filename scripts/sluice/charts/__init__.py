"""Control charts: every series judged by its own past, in SQL, with known rates of false alarms."""
