package redistest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// awaitReady returns when the server answers, with its files loaded. A server that
// wants a password answers too.
func (s *Server) awaitReady(ctx context.Context) error {
	for {
		answer, err := ping(ctx, s.Address())
		if err == nil && !strings.HasPrefix(answer, "-LOADING") {
			return nil
		}
		select {
		case <-s.process.Ended():
			return fmt.Errorf("the server has ended: %w", s.process.Err())
		case <-ctx.Done():
			return errors.Join(context.Cause(ctx), err)
		case <-time.After(pollInterval):
		}
	}
}

// ping returns the server's answer to a PING.
func ping(ctx context.Context, address string) (string, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }()
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return "", err
		}
	}
	if _, err := io.WriteString(conn, "PING\r\n"); err != nil {
		return "", err
	}
	return bufio.NewReader(conn).ReadString('\n')
}
