package testserver

import (
	"os"
	"os/exec"
	"time"
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
