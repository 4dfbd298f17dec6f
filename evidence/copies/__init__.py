"""Small copies of the pictures that people judged, so that a past request shows them when MLflow has lost them."""
