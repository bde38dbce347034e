package s3

import (
	_ "github.com/Shopify/toxiproxy/v2"
	_ "github.com/prometheus/client_golang/prometheus"
	_ "github.com/rs/zerolog"
)
