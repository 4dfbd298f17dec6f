"""What was read of versions a moment ago, so that a page and its charts do not read it from MLflow again."""
