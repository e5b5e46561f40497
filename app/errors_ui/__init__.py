"""How trouble reaches the user: one hub that everything reports to, and the inline bar that shows it."""
