package session

import "strings"

// named adds the name of what has failed to an error. An error begins with the
// name of the package timakgorm and contains it once, even where its cause has it too.
func named(name string, cause error) error {
	if cause == nil {
		return nil
	}
	return &namedError{name, cause}
}

type namedError struct {
	name  string
	cause error
}

// Error implements error.
func (e *namedError) Error() string {
	return "timakgorm: " + e.name + ": " + strings.TrimPrefix(e.cause.Error(), "timakgorm: ")
}

// Unwrap returns the error without the name.
func (e *namedError) Unwrap() error { return e.cause }
