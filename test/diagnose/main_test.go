//go:build moto

package diagnose

import (
	"bytes"
	"fmt"
	"log"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

const region = "eu-central-1"

// emulator is the address of the emulator, and binary the loglens under test.
var emulator, binary string

func TestMain(m *testing.M) {
	for name, value := range map[string]string{
		"AWS_EC2_METADATA_DISABLED":   "true",
		"AWS_CONFIG_FILE":             os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
		"AWS_ACCESS_KEY_ID":           "loglens",
		"AWS_SECRET_ACCESS_KEY":       "loglens-secret",
		"AWS_REGION":                  region,
	} {
		if err := os.Setenv(name, value); err != nil {
			log.Fatal(err)
		}
	}
	dir, err := os.MkdirTemp("", "loglens-diagnose-")
	if err != nil {
		log.Fatal(err)
	}
	code := 1
	if stop, err := start(dir); err != nil {
		log.Print(err)
	} else {
		code = m.Run()
		stop()
	}
	if err := os.RemoveAll(dir); err != nil {
		log.Print(err)
	}
	os.Exit(code)
}

// start builds the command, and runs the emulator and the prober on loopback.
func start(dir string) (stop func(), err error) {
	binary = filepath.Join(dir, "loglens")
	build := exec.Command("go", "build", "-o", binary, "./cmd/loglens")
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build loglens: %w\n%s", err, out)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	emulator = l.Addr().String()
	_, port, _ := net.SplitHostPort(emulator)
	if err := l.Close(); err != nil {
		return nil, err
	}
	probes := httptest.NewServer(prober{})
	var said bytes.Buffer
	moto := exec.Command("../../.cache/venv-moto/bin/python", "lab.py", probes.URL, "-H", "127.0.0.1", "-p", port)
	moto.Stdout, moto.Stderr = &said, &said
	if err := moto.Start(); err != nil {
		return nil, fmt.Errorf("%w: make test-all sets it up", err)
	}
	stop = func() {
		_ = moto.Process.Kill()
		_ = moto.Wait()
		probes.Close()
		if name := os.Getenv("LAB_EMULATOR_LOG"); name != "" {
			if err := os.WriteFile(name, said.Bytes(), 0o600); err != nil {
				log.Print(err)
			}
		}
	}
	for range 600 {
		c, err := net.Dial("tcp", emulator)
		if err == nil {
			return stop, c.Close()
		}
		time.Sleep(50 * time.Millisecond)
	}
	stop()
	return nil, fmt.Errorf("the emulator does not listen on %s:\n%s", emulator, said.String())
}
