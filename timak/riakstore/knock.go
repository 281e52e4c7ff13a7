package riakstore

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	riak "github.com/basho/riak-go-client"
	rpb "github.com/basho/riak-go-client/rpb/riak"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"
)

// passwordDelay is how long Riak waits before it refuses a password; it is longer
// than other requests take.
const passwordDelay = 5 * time.Second

// admitted checks that the nodes trust the user, and that we trust the nodes. The
// client would report a refusal as a timeout, or only to a log. Nodes that cannot
// be reached are left to later requests.
func (s *Store) admitted(ctx context.Context) error {
	if s.opts.TLS == nil {
		return nil
	}
	caller := ctx
	ctx, cancel := context.WithTimeout(ctx, s.opts.ConnectTimeout+passwordDelay+s.opts.RequestTimeout)
	defer cancel()
	verdicts := make(chan error, len(s.ring.nodes))
	for _, n := range s.ring.nodes {
		go func() { verdicts <- n.knock(ctx) }()
	}
	var refusal error
	for range s.ring.nodes {
		err := <-verdicts
		if err == nil {
			return nil
		}
		if errors.Is(err, ErrMisconfigured) {
			refusal = err
		}
	}
	if caller.Err() != nil {
		return ended(caller)
	}
	return refusal
}

// knock connects, starts TLS and sends the password, over a connection of its own.
func (n *node) knock(ctx context.Context) error {
	dialer := net.Dialer{Timeout: n.opts.ConnectTimeout}
	conn, err := dialer.DialContext(ctx, "tcp", n.address)
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // nothing is in progress
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	if err := talk(conn, codeStartTLS, nil); err != nil {
		return fmt.Errorf("start of TLS: %w", err)
	}
	secure := tls.Client(conn, n.opts.TLS)
	if err := secure.HandshakeContext(ctx); err != nil {
		return classifyHandshake(err)
	}
	request, err := proto.Marshal(protoadapt.MessageV2Of(&rpb.RpbAuthReq{User: []byte(n.opts.User), Password: []byte(n.opts.Password.Reveal())}))
	if err != nil {
		return err
	}
	if err := talk(secure, codeAuth, request); err != nil {
		return fmt.Errorf("user %q: %w", n.opts.User, err)
	}
	return nil
}

// classifyHandshake distinguishes unsuitable certificates and versions from a lost
// connection.
func classifyHandshake(err error) error {
	if lost(err) {
		return err
	}
	return fmt.Errorf("%w: TLS: %w", ErrMisconfigured, err)
}

func lost(err error) bool {
	if op, ok := errors.AsType[*net.OpError](err); ok && (op.Op == "remote error" || op.Op == "local error") {
		return false // TLS calls these alerts
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	_, fromNet := errors.AsType[net.Error](err)
	return fromNet || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// The codes of the messages before the first request.
const (
	codeError    = 0
	codeAuth     = 253
	codeStartTLS = 255
)

// talk sends a message and waits for its answer, which is empty.
func talk(conn net.Conn, code byte, message []byte) error {
	frame := binary.BigEndian.AppendUint32(nil, uint32(1+len(message)))
	frame = append(append(frame, code), message...)
	if _, err := conn.Write(frame); err != nil {
		return err
	}
	answer, err := readAnswer(conn)
	if err != nil {
		return err
	}
	if answer[0] == codeError {
		return refusalIn(answer[1:])
	}
	return nil
}

// readAnswer reads one message; its code comes first.
func readAnswer(r io.Reader) ([]byte, error) {
	const longest = 64 << 10 // an error's text is shorter
	var length uint32
	if err := binary.Read(r, binary.BigEndian, &length); err != nil {
		return nil, err
	}
	if length == 0 || length > longest {
		return nil, fmt.Errorf("%w: an answer of %d bytes is not from Riak", ErrMisconfigured, length)
	}
	answer := make([]byte, length)
	_, err := io.ReadFull(r, answer)
	return answer, err
}

func refusalIn(message []byte) error {
	var fromRiak rpb.RpbErrorResp
	if err := proto.Unmarshal(message, protoadapt.MessageV2Of(&fromRiak)); err != nil {
		return err
	}
	_, err := classifyRiak(riak.RiakError{Errmsg: string(bytes.TrimSpace(fromRiak.GetErrmsg()))})
	return err
}
