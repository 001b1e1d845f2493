"""What came of it: guards against harm, and the figures of the report."""
