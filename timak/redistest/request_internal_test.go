package redistest

import (
	"bufio"
	"bytes"
	"strings"
	"testing"
	"testing/iotest"
)

// A request ends where the server answers it as one, however its bytes arrive.
func TestReadRequest(t *testing.T) {
	t.Parallel()
	const (
		set  = "*3\r\n$3\r\nset\r\n$4\r\nexec\r\n$5\r\n\r\n$1\r\r\n"
		exec = "*1\r\n$4\r\nEXEC\r\n"
	)
	transaction := "*1\r\n$5\r\nMULTI\r\n" + set + set + exec
	requests := []string{set, transaction, exec}
	r := bufio.NewReader(iotest.OneByteReader(strings.NewReader(strings.Join(requests, ""))))
	for _, want := range requests {
		got, err := readRequest(r)
		if err != nil || !bytes.Equal(got, []byte(want)) {
			t.Fatalf("got %q, %v, want %q", got, err, want)
		}
	}
	for _, bad := range []string{"", set[:9], "$3\r\nset\r\n", "*1\r\n:3\r\n", "*x\r\n", transaction[:len(transaction)-4]} {
		if got, err := readRequest(bufio.NewReader(strings.NewReader(bad))); err == nil {
			t.Errorf("%q: got %q, want an error", bad, got)
		}
	}
}
