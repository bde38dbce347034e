// Package server starts servers that are programs of their own, on loopback.
package server

import (
	"bytes"
	"fmt"
	"net"
	"os/exec"
	"time"
)

// Server is a running program that listens on Addr.
type Server struct {
	Addr string

	cmd  *exec.Cmd
	said bytes.Buffer
}

// Start starts what command makes for a free address, and returns when it listens
// there, or with an error that has its words when it does not within some time.
func Start(patience time.Duration, command func(addr string) *exec.Cmd) (*Server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &Server{Addr: l.Addr().String()}
	if err := l.Close(); err != nil {
		return nil, err
	}
	s.cmd = command(s.Addr)
	s.cmd.Stdout, s.cmd.Stderr = &s.said, &s.said
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if c, err := net.Dial("tcp", s.Addr); err == nil {
			return s, c.Close()
		}
	}
	s.Stop()
	return nil, fmt.Errorf("%s does not listen on %s:\n%s", s.cmd.Path, s.Addr, s.said.String())
}

// Stop ends the program.
func (s *Server) Stop() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
}

// Pid is the program's process.
func (s *Server) Pid() int { return s.cmd.Process.Pid }

// Said is what it has printed, to be asked for when it is stopped.
func (s *Server) Said() []byte { return s.said.Bytes() }
