"""Plots as SVG, drawn by hand: lines, points, bars, matrices and small pictures. Knows no run."""
