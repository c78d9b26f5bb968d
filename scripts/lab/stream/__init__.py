"""Payments of the demo as a stream: from an empty machine with Java to alerts in the marts; and how long a score takes."""
