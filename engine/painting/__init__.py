"""What the painters of label maps share: codes of styles, edges, sizes, enlarging, how styles vary."""
