"""The list of layers as a graph: written out (`expansion`), words looked up (`links`), carried (`expanded`).

`expand` is called once for a job, by the inspection; who needs the graph later is handed it.
"""
