package redistest

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"strings"
)

// awaitReady returns when the server answers, with its files loaded. A server that
// wants a password answers too.
func (s *Server) awaitReady(ctx context.Context) error {
	return s.process.Await(ctx, func(ctx context.Context) error {
		answer, err := ping(ctx, s.Address())
		if strings.HasPrefix(answer, "-LOADING") {
			return errors.New(strings.TrimSpace(answer))
		}
		return err
	})
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
