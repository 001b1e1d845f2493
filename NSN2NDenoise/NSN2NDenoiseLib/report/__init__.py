"""The quality report: figures and pictures of a result as one self-contained HTML page, for whoever has to sign it."""
