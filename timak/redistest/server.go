package redistest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/timak-go/timak/timak/internal/testserver"
)

// Server is a Redis server for one test, which may stop, kill and restart it. Its
// address and its files stay the same; what is in memory alone is lost. Address and
// URL may be called from any number of goroutines; the other methods must not be
// called concurrently.
type Server struct {
	bin     string
	mode    mode
	folder  string // of this server
	port    int
	process *testserver.Process // nil while stopped
	home    *testserver.Home    // nil if another server of a cluster has it
}

// NewServer starts a server that is stopped and removed when t ends. The settings
// are lines of redis.conf. By default it keeps everything in memory alone: pass
// "appendonly yes" or "save …" for a server that keeps its data. It always starts a
// new one, even if TIMAK_TEST_REDIS is set: tests must not stop that server. NewServer
// skips t if there is no Redis, as [URL] does.
func NewServer(t testing.TB, settings ...string) *Server {
	t.Helper()
	return newServer(t, asServer, settings)
}

func newServer(t testing.TB, as mode, settings []string) *Server {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), testserver.StartTimeout)
	defer cancel()
	s, err := open(ctx, as, settings)
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

// Address returns the server's host:port.
func (s *Server) Address() string { return fmt.Sprintf("%s:%d", loopback, s.port) }

// URL returns the server's URL, without a user.
func (s *Server) URL() string { return "redis://" + s.Address() }

// Start starts the server after Stop or Kill. It returns when the server answers,
// with its files loaded. If ctx ends first, the server is killed.
func (s *Server) Start(ctx context.Context) error {
	if s.process != nil {
		return errors.New("redistest: start: the server is running")
	}
	if err := s.launch(); err != nil {
		return fmt.Errorf("redistest: start: %w", err)
	}
	if err := s.awaitReady(ctx); err != nil {
		err = fmt.Errorf("redistest: start: %w%s", err, testserver.LogTail(s.log()))
		return errors.Join(err, s.Kill())
	}
	return nil
}

// Stop shuts the server down cleanly: it writes its files, and tells its replicas
// everything, as far as it is set up for that. Stop does nothing if the server is
// stopped already. It returns an error if the server had ended by itself, or did not
// shut down cleanly.
func (s *Server) Stop() error {
	if err := s.end(syscall.SIGTERM); err != nil {
		return fmt.Errorf("redistest: stop: %w%s", err, testserver.LogTail(s.log()))
	}
	return nil
}

// Kill ends the server by SIGKILL. What it has not given to the operating system is
// lost. Kill does nothing if the server is stopped already.
func (s *Server) Kill() error {
	err := s.end(syscall.SIGKILL)
	if _, exited := errors.AsType[*exec.ExitError](err); exited {
		return nil
	}
	return err
}

// Freeze stops the server's process in its tracks: connections stay and can be made,
// but nothing is answered until Thaw.
func (s *Server) Freeze() error { return s.process.Signal(freezing) }

// Thaw lets the server go on after Freeze.
func (s *Server) Thaw() error { return s.process.Signal(thawing) }

// launcher writes its process id for the watchdog, and becomes the server. It does
// neither once the folder is gone.
const launcher = `echo $$ >"$1/pid" && cd "$1" && exec "$2" redis.conf $3`

// mode is what the program does.
type mode string

const (
	asServer   mode = ""
	asSentinel mode = "--sentinel"
)

func (s *Server) launch() (err error) {
	cmd := exec.Command("/bin/sh", "-c", launcher, "redistest-launcher", s.folder, s.bin, string(s.mode))
	testserver.Account{}.Apply(cmd)
	s.process, err = testserver.StartLogged(cmd, s.log())
	return err
}

// log returns the path of the server's log.
func (s *Server) log() string { return filepath.Join(s.folder, "log") }

func (s *Server) end(signal os.Signal) error {
	if s.process == nil {
		return nil
	}
	p := s.process
	s.process = nil
	_ = p.Signal(thawing) // fails only if it has ended
	err := p.Stop(signal, testserver.StopPatience, syscall.SIGKILL)
	return errors.Join(err, os.Remove(filepath.Join(s.folder, "pid")))
}
