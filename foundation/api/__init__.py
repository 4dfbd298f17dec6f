"""What every view of the API shares: strict bodies, one shape of errors, pages of results, its description."""
