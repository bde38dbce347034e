// Package emulator runs tests beside an emulator of AWS.
package emulator

import (
	"errors"
	"fmt"
	"io/fs"
	"log"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"

	"loglens/test/internal/command"
	"loglens/test/internal/server"
)

// Server is what tests run against.
type Server struct {
	Binary  string // the loglens under test
	Address string // of the emulator, on loopback
}

// Main builds the command, starts the emulator, runs the tests and ends the process.
// program starts the emulator, but for its address. env is set beside what keeps the
// machine's own credentials out. What the emulator says goes to the file that
// EMULATOR_LOG names.
func Main(m *testing.M, s *Server, env map[string]string, program ...string) {
	for name, value := range map[string]string{
		"AWS_EC2_METADATA_DISABLED":   "true",
		"AWS_CONFIG_FILE":             os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
		"AWS_ACCESS_KEY_ID":           "loglens",
		"AWS_SECRET_ACCESS_KEY":       "loglens-secret",
	} {
		if _, ours := env[name]; !ours {
			set(name, value)
		}
	}
	for name, value := range env {
		set(name, value)
	}
	dir, err := os.MkdirTemp("", "loglens-emulator-")
	if err != nil {
		log.Fatal(err)
	}
	code := 1
	if stop, err := s.start(dir, program); err != nil {
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

func set(name, value string) {
	if err := os.Setenv(name, value); err != nil {
		log.Fatal(err)
	}
}

func (s *Server) start(dir string, program []string) (stop func(), err error) {
	if s.Binary, err = command.Build(dir); err != nil {
		return nil, err
	}
	emulator, err := server.Start(30*time.Second, func(addr string) *exec.Cmd {
		_, port, _ := net.SplitHostPort(addr)
		return exec.Command(program[0], append(program[1:], "-H", "127.0.0.1", "-p", port)...)
	})
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, exec.ErrNotFound) {
		return nil, fmt.Errorf("%w: make test-all sets it up", err)
	}
	if err != nil {
		return nil, err
	}
	s.Address = emulator.Addr
	return func() {
		emulator.Stop()
		if name := os.Getenv("EMULATOR_LOG"); name != "" {
			if err := os.WriteFile(name, emulator.Said(), 0o600); err != nil {
				log.Print(err)
			}
		}
	}, nil
}
