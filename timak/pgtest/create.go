package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/timak-go/timak/timak/internal/testserver"
)

const socketName = ".s.PGSQL.5432"

// watchdogScript stops the server and removes the folder, unless that was done
// before. It tries several times because an initdb or a backend may still be
// creating files.
const watchdogScript = `
"$2" stop --silent --mode immediate --timeout 10 --pgdata "$1/data"
for attempt in 1 2 3 4 5; do
	rm -rf "$1" && exit
	sleep 1
done`

// settings are for speed. Every commit survives [Server.Crash]: for that it need
// not reach the disk, only the operating system. Hence synchronous_commit stays
// on, which costs 25 µs per commit. Shared memory is in the folder and is removed
// with it. A test that needs another value runs ALTER SYSTEM SET and restarts the
// server.
const settings = `
fsync = off
full_page_writes = off
max_connections = 200
shared_buffers = 32MB
dynamic_shared_memory_type = mmap
`

// open creates and starts a server.
func open(ctx context.Context) (*Server, error) {
	bin, err := findBinaries(debianRoot)
	if err != nil {
		return nil, err
	}
	s := &Server{bin: bin}
	if err := s.create(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("pgtest: create server: %w", err), s.close())
	}
	if err := s.Start(ctx); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// create creates the folder and its contents. After an error, close removes what
// is there.
func (s *Server) create(ctx context.Context) (err error) {
	if s.account, err = testserver.Unprivileged("postgres", "nobody"); errors.Is(err, errors.ErrUnsupported) {
		return errNoPostgres
	} else if err != nil {
		return err
	}
	if s.folder, err = testserver.NewHome("pgtest", socketName, s.account, watchdogScript, filepath.Join(s.bin, "pg_ctl")); err != nil {
		return err
	}
	// --no-sync: see settings. Locale C: the same order of text on every machine.
	initdb := s.command(ctx, "initdb", "--pgdata", s.folder.Path("data"), "--username", "postgres", "--auth", "trust",
		"--encoding", "UTF8", "--locale", "C", "--no-sync")
	if output, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, output)
	}
	return appendTo(s.folder.Path("data", "postgresql.conf"), settings)
}

// close stops the server and removes its folder. The server may be incomplete.
func (s *Server) close() error {
	err := s.Stop()
	if s.folder != nil {
		err = errors.Join(err, s.folder.Remove())
	}
	return err
}

// command returns a command that runs one of Postgres' programs as the account,
// without PGPORT and similar variables.
func (s *Server) command(ctx context.Context, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(s.bin, program), args...)
	cmd.Dir = s.folder.Path() // the account may not be allowed to enter the current folder
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "PG") })
	s.account.Apply(cmd)
	return cmd
}

func appendTo(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}
