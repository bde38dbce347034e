package s3

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"loglens/ingest"
)

// toxicProxy stands before the gateway and spoils connections.
func toxicProxy(t *testing.T) *toxiproxy.Proxy {
	t.Helper()
	api := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(prometheus.NewRegistry()), zerolog.Nop())
	p := toxiproxy.NewProxy(api, t.Name(), "127.0.0.1:0", server.Addr)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	return p
}

// spoil adds a toxic to what the gateway sends.
func spoil(t *testing.T, p *toxiproxy.Proxy, kind, attributes string) {
	t.Helper()
	_, err := p.Toxics.AddToxicJson(strings.NewReader(fmt.Sprintf(`{"name":%q,"type":%q,"stream":"downstream","toxicity":1,"attributes":{%s}}`, kind, kind, attributes)))
	if err != nil {
		t.Fatal(err)
	}
}

// Connections that break, of themselves or for good.
func TestConnections(t *testing.T) {
	t.Parallel()
	bucket := newBucket(t, "connections")
	r := random(1)
	objects, texts := make(map[string][]byte), make(map[string][]byte)
	for i := range 12 {
		uri := fmt.Sprintf("s3://%s/%02d", bucket, i)
		texts[uri] = logText(r, 600_000)
		objects[fmt.Sprintf("%02d", i)] = pack(t, texts[uri])
	}
	put(t, bucket, objects)
	tests := []struct {
		name             string
		kind, attributes string
		heals            time.Duration // the toxic is taken away after this; 0: it stays
		idle             time.Duration
	}{
		{"every connection cut after 64 KiB", "limit_data", `"bytes":65536`, 0, 0},
		{"all reset for a while", "reset_peer", `"timeout":20`, 700 * time.Millisecond, 0},
		{"all stalled for a while", "timeout", `"timeout":0`, 900 * time.Millisecond, 300 * time.Millisecond},
		{"crumbs", "slicer", `"average_size":3000,"size_variation":2900,"delay":100`, 0, 300 * time.Millisecond},
		{"slow, late and complete", "latency", `"latency":60,"jitter":50`, 0, 500 * time.Millisecond},
		{"narrow", "bandwidth", `"rate":3000`, 0, 500 * time.Millisecond},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := toxicProxy(t)
			spoil(t, p, tt.kind, tt.attributes)
			if tt.heals > 0 {
				heal := time.AfterFunc(tt.heals, func() {
					if err := p.Toxics.RemoveToxic(t.Context(), tt.kind); err != nil {
						t.Error(err)
					}
				})
				defer heal.Stop()
			}
			aws := ingest.AWS{EndpointURL: "http://" + p.Listen, IdleTimeout: tt.idle}
			got, err := readAll(t.Context(), t, aws, ingest.Plan{}, 4, "s3://"+bucket)
			if err != nil {
				t.Fatal(err)
			}
			if len(got) != len(texts) {
				t.Errorf("%d objects, want %d", len(got), len(texts))
			}
			for uri, o := range got {
				if o.err != nil || !bytes.Equal(o.text, texts[uri]) {
					t.Errorf("%s: %d bytes of text, want %d; error %v", uri, len(o.text), len(texts[uri]), o.err)
				}
			}
		})
	}
}
