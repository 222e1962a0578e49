"""The two spiders: `entries` reads what cites, `sources` visits what is cited."""
