"""What somebody would say of an item, on the shop's own scale: predictions, not rankings."""
