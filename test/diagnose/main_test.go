//go:build moto

package diagnose

import (
	"net/http/httptest"
	"testing"

	"loglens/test/internal/emulator"
)

const region = "eu-central-1"

var under emulator.Server

// TestMain lends the emulator the prober: its target health comes from real targets.
func TestMain(m *testing.M) {
	probes := httptest.NewServer(prober{})
	emulator.Main(m, &under, map[string]string{"AWS_REGION": region, "MOTO_EC2_LOAD_DEFAULT_AMIS": "false"}, "../../.cache/venv-moto/bin/python", "lab.py", probes.URL)
}
