package redistest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/timak-go/timak/timak/internal/testserver"
)

// watchdogScript kills the servers in the folder and removes it, unless that was
// done before. It tries several times because a server may be starting.
const watchdogScript = `
for attempt in 1 2 3 4 5; do
	for pid in "$1"/*/pid; do [ -f "$pid" ] && kill -9 "$(cat "$pid")"; done
	rm -rf "$1" && exit
	sleep 1
done`

func newHome() (*testserver.Home, error) {
	return testserver.NewHome("redistest", "", testserver.Account{}, watchdogScript)
}

// open creates and starts a server.
func open(ctx context.Context, as mode, settings []string) (*Server, error) {
	bin, err := findBinary()
	if err != nil {
		return nil, err
	}
	h, err := newHome()
	if err != nil {
		return nil, fmt.Errorf("redistest: create server: %w", err)
	}
	s := &Server{bin: bin, mode: as, folder: h.Path("server"), home: h}
	if err := s.create(ctx, settings); err != nil {
		return nil, errors.Join(err, h.Remove())
	}
	return s, nil
}

// create creates the server's folder and starts it. It tries several ports: another
// program may have taken a free one meanwhile.
func (s *Server) create(ctx context.Context, settings []string) error {
	if err := os.Mkdir(s.folder, 0o700); err != nil {
		return err
	}
	var failures error
	for range 5 {
		if err := s.configure(settings); err != nil {
			return err
		}
		err := s.Start(ctx)
		if err == nil {
			return nil
		}
		failures = errors.Join(failures, err)
		if log, _ := os.ReadFile(s.log()); !strings.Contains(string(log), "Address already in use") {
			break
		}
	}
	return failures
}

// close stops the server and removes its folder.
func (s *Server) close() error {
	return errors.Join(s.Stop(), s.home.Remove())
}
