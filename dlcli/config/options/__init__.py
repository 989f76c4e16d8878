"""What the options of a config are written with: strict sections, names of columns, what all feature types share.

Below the schema, so that the folder of a feature type (`dlcli/codecs/<type>`) can stand on it and the schema on that.
"""
