package pgtest

import (
	"io"
	"os/exec"
	"path/filepath"
)

// watchdogScript waits for the end of its input. That is the end of this process,
// because only this process holds the other end of the pipe, and it writes
// nothing. Then the script stops the server and removes the folder, unless that
// was done before. It tries several times because an initdb or a backend may
// still be creating files.
const watchdogScript = `
read -r nothing
"$1" stop --silent --mode immediate --timeout 10 --pgdata "$2/data"
for attempt in 1 2 3 4 5; do
	rm -rf "$2" && exit
	sleep 1
done`

// watchdog is a process that cleans up when this process has ended, even if it
// was killed. Unlike Linux's parent death signal, it also removes the folder,
// does not depend on the life of a thread, and works on every unix.
type watchdog struct {
	cmd  *exec.Cmd
	pipe io.Closer
}

func startWatchdog(bin, path string, as account) (*watchdog, error) {
	cmd := exec.Command("/bin/sh", "-c", watchdogScript, "pgtest-watchdog", filepath.Join(bin, "pg_ctl"), path)
	cmd.Dir = "/"
	// Output stays closed: go test waits for all processes that could write to its output.
	as.apply(cmd)
	pipe, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &watchdog{cmd: cmd, pipe: pipe}, nil
}

// release makes the watchdog clean up, if anything is left, and waits for it.
func (w *watchdog) release() error {
	_ = w.pipe.Close() // nothing was written
	return w.cmd.Wait()
}
