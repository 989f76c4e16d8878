"""Which rows are trained on, validated on and tested on."""
