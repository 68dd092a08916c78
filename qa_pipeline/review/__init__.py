"""People and what they decide about scores: accounts, teams, decisions, and the effective score that follows."""
