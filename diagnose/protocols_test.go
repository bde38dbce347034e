package diagnose

import (
	"strings"
	"testing"
	"time"
)

// TestProtocolMismatch: requests that a group refuses are for a group of another version,
// which takes them.
func TestProtocolMismatch(t *testing.T) {
	for _, tt := range []struct{ version, want, path string }{
		{"", "GRPC", ""}, // what a group takes that was made before there were versions
		{"HTTP1", "GRPC", ""},
		{"HTTP2", "HTTP1", "/health"},
		{"GRPC", "HTTP1", "/PATH"},
	} {
		t.Run(tt.version, func(t *testing.T) {
			s := base()
			s.https(Certificate{certARN, "ISSUED", noon.Add(5000 * time.Hour), []string{"shop.example.com"}, ""})
			s.Listeners = s.Listeners[1:]
			s.web().Version = tt.version
			s.failing("Protocol_Mismatch", "", 464, 120, func(f *Failure) { f.Class = "client" })
			for _, f := range Diagnose(s).Findings {
				if f.ID != "protocol-version-mismatch" {
					continue
				}
				if len(f.Fix) != 1 || !strings.Contains(f.Fix[0], "--protocol-version "+tt.want+" ") {
					t.Errorf("fix %q, want one for %s", f.Fix, tt.want)
				}
				if path := " --health-check-path "; strings.Contains(f.Fix[0], path) != (tt.path != "") || !strings.HasSuffix(f.Fix[0], tt.path) {
					t.Errorf("fix %q, want the path %q", f.Fix, tt.path)
				}
				return
			}
			t.Error("not found")
		})
	}
}
