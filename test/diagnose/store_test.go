//go:build moto

package diagnose

import (
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// TestStore: logs that an ingest has put into a store say the same as the bucket's, which are read
// once.
func TestStore(t *testing.T) {
	s, err := readScenario("scenarios/health-port-hides.yaml")
	if err != nil {
		t.Fatal(err)
	}
	b := s.build(t, "store")
	g := newGate(t, b.account)
	streamed, status := b.ask(t, g, s.Arguments...)
	if wrong := s.problems(streamed, status); wrong != nil || streamed.Observed.Failures == 0 {
		t.Fatalf("%v, %+v", wrong, streamed.Observed)
	}
	fetched := g.counts()["s3:GetObject"]
	store := filepath.Join(t.TempDir(), "loglens.duckdb")
	out, err := exec.CommandContext(t.Context(), under.Binary, "ingest", "--lb", b.name, "--since", "2h", "--endpoint-url", g.URL, "--store", store).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	before := g.counts()["s3:GetObject"]
	if objects := before - fetched; fetched > objects {
		t.Errorf("%d objects were read %d times", objects, fetched)
	}
	stored, status := b.ask(t, g, append(slices.Clone(s.Arguments), "--store", store)...)
	if wrong := s.problems(stored, status); wrong != nil {
		t.Error(wrong)
	}
	if stored.Observed != streamed.Observed {
		t.Errorf("from the store %+v, from the bucket %+v", stored.Observed, streamed.Observed)
	}
	if !slices.Equal(stored.ids(), streamed.ids()) {
		t.Errorf("from the store %v, from the bucket %v", stored.ids(), streamed.ids())
	}
	if n := g.counts()["s3:GetObject"] - before; n != 0 {
		t.Errorf("%d objects were read although there is a store", n)
	}
}
