"""The example shop: its handbook, the questions asked of it, and customers for the demo."""
