package redistest

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// readRequest reads what a server carries out as one: a command, or a transaction
// from MULTI to EXEC.
func readRequest(r *bufio.Reader) ([]byte, error) {
	var request bytes.Buffer
	for inside := false; ; {
		name, err := readCommand(r, &request)
		if err != nil {
			return nil, err
		}
		switch name {
		case "multi":
			inside = true
		case "exec", "discard":
			inside = false
		}
		if !inside {
			return request.Bytes(), nil
		}
	}
}

// readCommand copies a command as clients send it, an array of strings, and returns
// its name in lower case.
func readCommand(r *bufio.Reader, to *bytes.Buffer) (name string, err error) {
	count, err := readLength(r, to, '*')
	if err != nil {
		return "", err
	}
	for n := range count {
		length, err := readLength(r, to, '$')
		if err != nil {
			return "", err
		}
		if _, err := io.CopyN(to, r, length+int64(len("\r\n"))); err != nil {
			return "", err
		}
		if n == 0 {
			text := to.Bytes()[to.Len()-int(length)-len("\r\n"):]
			name = strings.ToLower(string(text[:length]))
		}
	}
	return name, nil
}

// readLength copies a line that says how many parts or bytes follow.
func readLength(r *bufio.Reader, to *bytes.Buffer, kind byte) (int64, error) {
	line, err := r.ReadBytes('\n')
	if err != nil {
		return 0, err
	}
	to.Write(line)
	if line[0] != kind {
		return 0, fmt.Errorf("redistest: a request has %q, want a line that begins with %c", line, kind)
	}
	return strconv.ParseInt(string(bytes.TrimSpace(line[1:])), 10, 64)
}
