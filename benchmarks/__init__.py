"""How fast the service is, as ratios to three peers measured in the same run: `./dev bench`."""
