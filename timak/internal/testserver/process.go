package testserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

const (
	// PollInterval is how often a server is asked whether it is ready.
	PollInterval = 10 * time.Millisecond

	// StopPatience is how long a server may take to end by itself.
	StopPatience = 30 * time.Second
)

// Process is a server that was started and has not been waited for.
type Process struct {
	cmd   *exec.Cmd
	ended chan struct{} // closed when the process has ended
	err   error         // how it ended; read after ended
}

// StartProcess starts cmd.
func StartProcess(cmd *exec.Cmd) (*Process, error) {
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &Process{cmd: cmd, ended: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.ended)
	}()
	return p, nil
}

// StartLogged starts cmd, with its output at the end of the file at path.
func StartLogged(cmd *exec.Cmd, path string) (*Process, error) {
	log, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }() // the process has its own descriptor
	cmd.Stdout, cmd.Stderr = log, log
	return StartProcess(cmd)
}

// LogTail returns the last lines of a server's log, for an error message, and nothing
// if there is none.
func LogTail(path string) string {
	log, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	lines := strings.Split(strings.TrimSpace(string(log)), "\n")
	return "\nlog of the server:\n\t" + strings.Join(lines[max(0, len(lines)-10):], "\n\t")
}

// Await returns when ready returns nil, which it asks again and again. It fails if the
// process or ctx ends before that.
func (p *Process) Await(ctx context.Context, ready func(ctx context.Context) error) error {
	for {
		err := ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.ended:
			return fmt.Errorf("the server has ended: %w", p.err)
		case <-ctx.Done():
			return errors.Join(context.Cause(ctx), err)
		case <-time.After(PollInterval):
		}
	}
}

// Ended is closed when the process has ended.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Err returns how the process has ended. It may be called once Ended is closed.
func (p *Process) Err() error { return p.err }

// Signal sends a signal. It fails only if the process has ended.
func (p *Process) Signal(signal os.Signal) error { return p.cmd.Process.Signal(signal) }

// Stop sends the signal, and the signal last if the process has not ended within
// patience. It returns when the process has ended.
func (p *Process) Stop(signal os.Signal, patience time.Duration, last os.Signal) error {
	_ = p.Signal(signal)
	select {
	case <-p.ended:
	case <-time.After(patience):
		_ = p.Signal(last)
		<-p.ended
	}
	return p.err
}
