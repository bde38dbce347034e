//go:build moto

package diagnose

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestRecorded replays answers in AWS's own form, in pages: of all that is wrong the
// second pages tell. Every question is answered with "slower" at first.
func TestRecorded(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	asked, read := map[string]int{}, map[string]bool{}
	g := newGate(t, "123456789012")
	g.answer = func(w http.ResponseWriter, action string, form url.Values) bool {
		service, name, _ := strings.Cut(action, ":")
		mu.Lock()
		defer mu.Unlock()
		w.Header().Set("Content-Type", "text/xml")
		file := name + "." + page(name, form) + ".xml"
		if asked[file]++; asked[file] == 1 && throttling[service].status > 0 {
			status := throttling[service].status
			if answer, err := os.ReadFile(filepath.Join("recorded", "Throttling."+service+".xml")); err == nil {
				w.WriteHeader(status)
				_, _ = w.Write(answer)
				return true
			}
		}
		answer, err := os.ReadFile(filepath.Join("recorded", file))
		if err != nil {
			t.Error(err)
			refuse(w, action, http.StatusBadRequest, "ValidationError", "not recorded")
			return true
		}
		read[file] = true
		_, _ = w.Write(answer)
		return true
	}
	start := time.Now()
	stdout, stderr, status := diagnose(t, g, "--lb", "my-load-balancer", "--region", "us-west-2", "--since", "1h", "--output", "json")
	var a answer
	if err := json.Unmarshal([]byte(stdout), &a); err != nil {
		t.Fatalf("exit status %d: %v: %s", status, err, stderr)
	}
	if status != 21 || len(a.Findings) == 0 || a.Findings[0].ID != "target-sg-blocks-traffic-port" || len(a.NotChecked) > 0 {
		t.Errorf("exit status %d, findings %+v, not checked %+v", status, a.Findings, a.NotChecked)
	}
	for _, id := range []string{"target-sg-blocks-control-port", "zonal-shift-active", "vpc-blocks-public-access"} {
		if !slices.Contains(a.ids(), id) {
			t.Errorf("want %s, too: %+v", id, a.Findings)
		}
	}
	if took := time.Since(start); took > 30*time.Second {
		t.Errorf("it took %v", took)
	}
	files, err := filepath.Glob("recorded/*.xml")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		name := filepath.Base(file)
		if !strings.HasPrefix(name, "Throttling.") && !read[name] {
			t.Errorf("%s was not asked for", name)
		}
	}
}

// page is the part of an answer that a request asks for.
func page(action string, form url.Values) string {
	for _, mark := range []string{"Marker", "NextToken"} {
		if form.Has(mark) {
			return form.Get(mark)
		}
	}
	switch action {
	case "DescribeTargetHealth":
		return strings.Split(form.Get("TargetGroupArn"), "/")[1]
	case "DescribeNetworkInterfaces":
		if form.Get("Filter.1.Name") == "description" {
			return "nodes"
		}
		return "targets"
	}
	return "first"
}
