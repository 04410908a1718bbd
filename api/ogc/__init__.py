"""OGC API: the catalogue for map clients such as QGIS and GDAL, which read and filter and edit nothing."""
