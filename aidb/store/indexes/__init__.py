"""Finding chunks: the columns at the end of each pack, merged indexes over many packs, and lookups in them."""
