//go:build moto

package moto

import (
	"encoding/json"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"loglens/internal/demo"
	"loglens/test/internal/server"
)

// elsewhen starts an AWS whose clock differs from that of this machine.
func elsewhen(t *testing.T, off time.Duration) (address string) {
	t.Helper()
	const shifted = `import sys, time
here = time.time
off = float(sys.argv.pop(1))
time.time = lambda: here() + off
from moto.server import main
main(sys.argv[1:])`
	s, err := server.Start(30*time.Second, func(addr string) *exec.Cmd {
		_, port, _ := net.SplitHostPort(addr)
		return exec.Command("../../.cache/venv-moto/bin/python", "-c", shifted, fmt.Sprint(off.Seconds()), "-H", "127.0.0.1", "-p", port)
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s.Addr
}

// TestWrongClock asks for the last two hours where it is earlier or later than AWS thinks:
// the hours are those of the logs.
func TestWrongClock(t *testing.T) {
	for _, off := range []time.Duration{-3 * time.Hour, 3 * time.Hour} {
		t.Run(off.String(), func(t *testing.T) {
			address := elsewhen(t, off)
			cfg := config()
			cfg.BaseEndpoint = aws.String("http://" + address)
			client := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
			_, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{
				Bucket:                    aws.String(logs),
				CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: region},
			})
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			truth, err := demo.Write(t.Context(), dir, demo.Options{Seed: 5, End: time.Now().Add(off), Lines: 5000})
			if err != nil {
				t.Fatal(err)
			}
			if err := upload(t.Context(), client, logs, prefix, dir, demoID, demoID); err != nil {
				t.Fatal(err)
			}
			want := truth.Account(time.Time{}, time.Time{}, func(*demo.Object) bool { return true })

			for _, command := range [][]string{{"top-errors", "--since", "2h"}, {"summary", "--since", "2h"}} {
				c := exec.CommandContext(t.Context(), under.Binary, append(command, "--endpoint-url", "http://"+address, "-o", "json", "s3://"+logs+"/"+prefix)...)
				var talk strings.Builder
				c.Stderr = &talk
				stdout, err := c.Output()
				if err != nil {
					t.Fatalf("%v: %v; stderr: %s", command, err, &talk)
				}
				var got answer
				if err := json.Unmarshal(stdout, &got); err != nil {
					t.Fatal(err)
				}
				if got.Accounting.Lines != want.Lines || want.Lines < 4000 {
					t.Errorf("%v: %d lines, want %d", command, got.Accounting.Lines, want.Lines)
				}
				side := map[bool]string{true: "behind", false: "ahead of"}[off > 0]
				if warning := "loglens: warning: the clock of this machine is 3h " + side + " that of AWS"; !strings.Contains(talk.String(), warning) {
					t.Errorf("%v: stderr lacks %q: %s", command, warning, &talk)
				}
			}
		})
	}
}
