package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/Shopify/toxiproxy/v2/toxics"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
)

// line is a toxic: so many bytes per second for all connections of a proxy
// together, as of one network. toxiproxy's own bandwidth is per connection, so
// the more of them a client opens, the faster its network would be.
//
// One line serves all connections, since toxiproxy makes one value per toxic.
type line struct {
	Rate int64 `json:"rate"` // bytes per second

	mu   sync.Mutex
	free time.Time // when all that was sent so far is through
}

// slack is how late a sleeper may wake up without the line losing time by it.
const slack = 2 * time.Millisecond

// through is how long it takes until n more bytes are through.
func (l *line) through(n int) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if earliest := now.Add(-slack); l.free.Before(earliest) {
		l.free = earliest
	}
	l.free = l.free.Add(time.Duration(n) * time.Second / time.Duration(l.Rate))
	return l.free.Sub(now)
}

// Pipe carries what the server sends over one connection.
func (l *line) Pipe(stub *toxics.ToxicStub) {
	for {
		select {
		case <-stub.Interrupt:
			return
		case c := <-stub.Input:
			if c == nil {
				stub.Close()
				return
			}
			time.Sleep(l.through(len(c.Data)))
			stub.Output <- c
		}
	}
}

// delay is toxiproxy's latency without its buffer of 32 MB per connection.
type delay struct{ toxics.LatencyToxic }

// GetBufferSize is in chunks of 32 KiB: what one connection may have under way.
func (*delay) GetBufferSize() int { return 64 }

// network is a proxy before a server: every answer comes later by latency, and
// all of them share a line. The latency comes first: behind the line there shall
// be no more than sockets hold.
func network(server string, latency time.Duration, rate int64) (*toxiproxy.Proxy, error) {
	toxics.Register("line", new(line))
	toxics.Register("delay", new(delay))
	api := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(prometheus.NewRegistry()), zerolog.Nop())
	p := toxiproxy.NewProxy(api, "network", "127.0.0.1:0", server)
	if err := p.Start(); err != nil {
		return nil, err
	}
	for _, t := range []*toxics.ToxicWrapper{
		{Type: "delay", Toxic: &delay{toxics.LatencyToxic{Latency: latency.Milliseconds()}}},
		{Type: "line", Toxic: &line{Rate: rate}},
	} {
		t.Stream, t.Toxicity = "downstream", 1
		b, err := json.Marshal(t)
		if err != nil {
			return nil, err
		}
		if _, err := p.Toxics.AddToxicJson(bytes.NewReader(b)); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// serve runs a network, whose URL it prints, until standard input ends.
func serve(server string, latency time.Duration, rate int64) error {
	debug.SetGCPercent(800) // the command is to have the processors
	p, err := network(server, latency, rate)
	if err != nil {
		return err
	}
	defer p.Stop()
	fmt.Println("http://" + p.Listen)
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}
