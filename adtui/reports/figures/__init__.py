"""Records → matplotlib figures for print: object API only, one look, the same input gives the same bytes."""
