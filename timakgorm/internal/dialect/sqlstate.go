package dialect

import (
	"errors"
	"slices"
	"strings"
)

// stateOf returns the SQLSTATE of a Postgres error; empty if it has none.
func stateOf(err error) string {
	var known interface{ SQLState() string }
	if errors.As(err, &known) {
		return known.SQLState()
	}
	return ""
}

// Unreadable reports whether Postgres found a value to be none of its type.
func Unreadable(err error) bool { return strings.HasPrefix(stateOf(err), "22") }

// IsNoTable reports whether Postgres has not found a table or a schema.
func IsNoTable(err error) bool { return slices.Contains([]string{"42P01", "3F000"}, stateOf(err)) }

// Contended reports whether an error says that others held the locks: a
// timeout, a deadlock or a failed serialization.
func Contended(err error) bool {
	return slices.Contains([]string{"55P03", "40P01", "40001"}, stateOf(err))
}
