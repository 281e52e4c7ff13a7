package pgtest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/timak-go/timak/timak/internal/testserver"
)

// Server is a Postgres server for one test, which may stop, crash, kill and restart it.
// Data and DSNs stay the same. DSN may be called from any number of goroutines;
// the other methods must not be called concurrently.
type Server struct {
	bin     string // the folder of Postgres' programs
	account testserver.Account
	folder  *testserver.Home
	process *testserver.Process // nil while stopped
	killed  bool                // the processes that it left may take a moment to end
}

// NewServer starts a server that is stopped and removed when t ends. It always
// starts a new one, even if TIMAK_TEST_POSTGRES is set: tests must not stop that
// server. NewServer skips t if there is no Postgres, as [DSN] does. It takes half
// a second or more, ten times as long as DSN, so tests that restart nothing
// should use DSN.
func NewServer(t testing.TB) *Server {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), testserver.StartTimeout)
	defer cancel()
	s, err := open(ctx)
	if err != nil {
		testserver.GiveUp(t, err)
	}
	t.Cleanup(func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// DSN returns the DSN of a database of the server, in the form of keywords. The
// database postgres always exists. The user is a superuser.
func (s *Server) DSN(database string) string {
	quote := strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace
	return fmt.Sprintf("host='%s' port=5432 user=postgres sslmode=disable dbname='%s'", quote(s.folder.Path()), quote(database))
}

// Start starts the server after Stop, Crash or Kill. It returns when the server
// accepts connections. If ctx ends first, the server is stopped.
func (s *Server) Start(ctx context.Context) error {
	if s.process != nil {
		return errors.New("pgtest: start: the server is running")
	}
	ctx, cancel := context.WithTimeout(ctx, testserver.StartTimeout)
	defer cancel()
	err := s.start(ctx)
	for err != nil && s.killed && ctx.Err() == nil {
		time.Sleep(testserver.PollInterval)
		err = s.start(ctx)
	}
	s.killed = s.killed && err != nil
	return err
}

func (s *Server) start(ctx context.Context) error {
	if err := s.launch(); err != nil {
		return fmt.Errorf("pgtest: start: %w", err)
	}
	if err := s.awaitReady(ctx); err != nil {
		return errors.Join(fmt.Errorf("pgtest: start: %w%s", err, testserver.LogTail(s.folder.Path("log"))), s.Crash())
	}
	return nil
}

// Stop shuts the server down cleanly. It breaks connections and rolls back their
// transactions. It does nothing if the server is stopped already. It returns an
// error if the server had ended by itself, or did not shut down cleanly.
func (s *Server) Stop() error {
	if err := s.end(syscall.SIGINT); err != nil {
		return fmt.Errorf("pgtest: stop: %w%s", err, testserver.LogTail(s.folder.Path("log")))
	}
	return nil
}

// Crash stops the server at once, as if it had crashed: the next start recovers
// from the log. Committed data stays. Crash does nothing if the server is stopped
// already.
func (s *Server) Crash() error {
	err := s.end(syscall.SIGQUIT)
	if _, exited := errors.AsType[*exec.ExitError](err); exited {
		return nil // Postgres calls this an abnormal shutdown
	}
	return err
}

// Kill kills the server's main process, as kill -9 does. Its other processes end
// when they notice, and clients get no word. Committed data stays. Kill does nothing
// if the server is stopped already.
func (s *Server) Kill() error {
	if s.process == nil {
		return nil
	}
	s.killed = true
	err := s.end(syscall.SIGKILL)
	if exit, exited := errors.AsType[*exec.ExitError](err); exited && !exit.Exited() {
		return nil
	}
	return fmt.Errorf("pgtest: kill: the server had ended before: %w", err)
}

// Restart calls Stop and then Start, even if Stop returns an error.
func (s *Server) Restart(ctx context.Context) error {
	return errors.Join(s.Stop(), s.Start(ctx))
}

func (s *Server) launch() (err error) {
	cmd := s.command(context.Background(), "postgres", "-D", s.folder.Path("data"), "-c", "listen_addresses=", "-k", s.folder.Path())
	s.process, err = testserver.StartLogged(cmd, s.folder.Path("log"))
	return err
}

// awaitReady returns when the server has accepted a connection.
func (s *Server) awaitReady(ctx context.Context) error {
	db, err := sql.Open("pgx", s.DSN("postgres"))
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	return s.process.Await(ctx, db.PingContext)
}

func (s *Server) end(signal os.Signal) error {
	if s.process == nil {
		return nil
	}
	p := s.process
	s.process = nil
	// After SIGQUIT, Postgres kills those of its own processes that do not react within 5 s.
	return p.Stop(signal, testserver.StopPatience, syscall.SIGQUIT)
}
