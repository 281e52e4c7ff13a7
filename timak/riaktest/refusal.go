package riaktest

import "fmt"

// refusal is an error that the server reports to its client. The connection stays
// open.
type refusal string

func (r refusal) Error() string { return string(r) }

func refusef(format string, args ...any) refusal {
	return refusal(fmt.Sprintf(format, args...))
}

// crash is an error that the server reports to its client before it closes the
// connection.
type crash string

func (c crash) Error() string { return "Error processing incoming message: " + string(c) }

const (
	errNoType  = refusal("no_type")
	errTimeout = refusal("timeout")
)
