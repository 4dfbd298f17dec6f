"""What Checkpoint does with requests without somebody pressing a button: promote what is due, hold a direct change."""
