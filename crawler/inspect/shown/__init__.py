"""What the pages of ``inspect`` show, read from an archive: no request, no HTML, no Datasette."""
