"""Numbers for the public (открытая публикация), small ones hidden."""
