"""How much noise there is: globally and locally, at each frequency, between slices; and the Rician bias."""
