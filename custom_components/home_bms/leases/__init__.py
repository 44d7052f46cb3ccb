"""What is asked of the battery for a while, by whomever."""
