package pgtest

import (
	"os"
	"os/exec"
	"syscall"
	"time"
)

// process is a server that was started and has not been waited for.
type process struct {
	cmd   *exec.Cmd
	ended chan struct{} // closed when the process has ended
	err   error         // how it ended; read after ended
}

func startProcess(cmd *exec.Cmd) (*process, error) {
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, ended: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.ended)
	}()
	return p, nil
}

// stop sends the signal, and SIGQUIT if the process has not ended within
// patience. It returns when the process has ended. After SIGQUIT, Postgres kills
// those of its own processes that do not react within 5 s.
func (p *process) stop(signal os.Signal, patience time.Duration) error {
	_ = p.cmd.Process.Signal(signal) // fails only if it has ended
	select {
	case <-p.ended:
	case <-time.After(patience):
		_ = p.cmd.Process.Signal(syscall.SIGQUIT)
		<-p.ended
	}
	return p.err
}
