"""Sec. 3.3 and 4.1: network, losses (Eqs. 4 to 7), pairs and targets, the training, the trained network applied."""
