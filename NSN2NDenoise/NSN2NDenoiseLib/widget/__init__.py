"""The panel, in small parts; each shows something of the logic and asks it for something."""
