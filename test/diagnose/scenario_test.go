//go:build moto

package diagnose

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// scenario is one file of scenarios, or of bases, on which it stands.
type scenario struct {
	Base  string // of bases; "" for none
	About string // what is wrong, in one sentence
	Net   string // the first number of the set-up's addresses: "10" if empty

	Change steps // parameters of the base's steps, see steps.change
	Steps  steps // further calls, after the base's
	After  steps // calls when the targets' servers run and before anything is measured

	// Servers are the targets' by the last two numbers of their address and their
	// port: see behaviour. Later are those that take their place once the requests are
	// answered.
	Servers     map[string]string
	Later       map[string]string
	Certificate struct {
		Hosts []string
		Valid time.Duration // from now on; if short, it is waited for
	}
	Traffic      []traffic
	HealthLog    bool     `yaml:"health-log"`
	Refused      string   `yaml:"connection-log"` // the balancer logs connections, and that it refuses a client's certificate, as this
	SilentLogs   bool     `yaml:"no-log-objects"`
	Lost         int      // one log object of so many never came
	BucketPolicy string   `yaml:"bucket-policy"` // "none", or what it does with the balancer: "Allow" (if empty) or "Deny"
	Metrics      []metric // further data points, in each fifth minute of the window
	NoMetrics    bool     `yaml:"no-metrics"`
	Arguments    []string // of the command, further ones
	Denied       []string // permissions that are missing, which the answer must name

	// Causes are the findings that must come first, in any order; none if the
	// set-up is healthy. Also are others that must be there, Never ones that must not.
	Causes, Also, Never []string
	Mends               bool // the first finding's commands mend it, and take that back
}

type metric struct {
	Name, Namespace, Dimensions string
	Value                       float64
}

// readScenario reads a file and the bases that it stands on.
func readScenario(name string) (*scenario, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	s := &scenario{}
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(s); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if s.Base == "" {
		return s, nil
	}
	base, err := readScenario(filepath.Join("bases", s.Base+".yaml"))
	if err != nil {
		return nil, err
	}
	changed, err := base.Steps.change(s.Change)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	s.Steps = append(changed, s.Steps...)
	s.After = append(base.After, s.After...)
	servers := maps.Clone(base.Servers)
	if servers == nil {
		servers = map[string]string{}
	}
	maps.Copy(servers, s.Servers)
	s.Servers = servers
	if len(s.Traffic) == 0 {
		s.Traffic = base.Traffic
	}
	if s.Certificate.Hosts == nil {
		s.Certificate = base.Certificate
	}
	return s, nil
}

// kind is what the base says that the balancer is.
func (s *scenario) kind(values map[string]string) string {
	switch {
	case values["lb"] == "":
		return "classic"
	case strings.HasPrefix(values["lb-id"], "net/"):
		return "network"
	}
	return "application"
}
