"""The styles panel: samples, the list of the labels' styles, and the card of the chosen one."""
