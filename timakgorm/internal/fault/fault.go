// Package fault names errors of timakgorm. It knows no other package.
package fault

import "strings"

// Named adds the name of what has failed to an error; nil stays nil. An error begins
// with the name of the package timakgorm; if its cause begins with it too, it is
// written once.
func Named(name string, cause error) error {
	if cause == nil {
		return nil
	}
	return &named{name, cause}
}

const prefix = "timakgorm: "

type named struct {
	name  string
	cause error
}

// Error implements error.
func (e *named) Error() string {
	return prefix + e.name + ": " + strings.TrimPrefix(e.cause.Error(), prefix)
}

// Unwrap returns the error without the name.
func (e *named) Unwrap() error { return e.cause }
