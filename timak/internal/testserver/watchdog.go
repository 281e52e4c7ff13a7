package testserver

import (
	"io"
	"os/exec"
)

// Watchdog is a process that cleans up when this process has ended, even if it was
// killed. Unlike Linux's parent death signal, it also removes the folder, does not
// depend on the life of a thread, and works on every unix.
type Watchdog struct {
	cmd  *exec.Cmd
	pipe io.Closer
}

// StartWatchdog starts a watchdog that runs a shell script with arguments, as soon
// as this process has ended or the watchdog is released.
func StartWatchdog(name, script string, as Account, args ...string) (*Watchdog, error) {
	// The end of its input is the end of this process, because only this process
	// holds the other end of the pipe, and it writes nothing.
	cmd := exec.Command("/bin/sh", append([]string{"-c", "read -r nothing\n" + script, name}, args...)...)
	cmd.Dir = "/"
	// Output stays closed: go test waits for all processes that could write to its output.
	as.Apply(cmd)
	pipe, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &Watchdog{cmd: cmd, pipe: pipe}, nil
}

// Release makes the watchdog clean up, if anything is left, and waits for it.
func (w *Watchdog) Release() error {
	_ = w.pipe.Close() // nothing was written
	return w.cmd.Wait()
}
