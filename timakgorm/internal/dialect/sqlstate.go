package dialect

import (
	"errors"
	"regexp"
	"slices"
	"strings"
)

// stateOf returns the SQLSTATE of a Postgres error, or "" if it has none.
func stateOf(err error) string {
	var known interface{ SQLState() string }
	if errors.As(err, &known) {
		return known.SQLState()
	}
	return ""
}

// Unreadable reports whether an error of Postgres says that a value is not valid
// for its type.
func Unreadable(err error) bool { return strings.HasPrefix(stateOf(err), "22") }

// NoConnection reports whether Postgres has refused one more connection: of the role, to the
// database, or at all.
func NoConnection(err error) bool { return stateOf(err) == "53300" }

// IsNoTable reports whether an error of Postgres says that a table or a schema
// does not exist.
func IsNoTable(err error) bool { return slices.Contains([]string{"42P01", "3F000"}, stateOf(err)) }

// IsUnsupported reports whether an error of Postgres says that it has no such feature.
func IsUnsupported(err error) bool { return stateOf(err) == "0A000" }

// IsUnnotified reports whether an error of Postgres may say that NOTIFY did not work: the role
// may not, or the queue of all listeners is full.
func IsUnnotified(err error) bool { return slices.Contains([]string{"42501", "54000"}, stateOf(err)) }

// missing is what SQLite says of a table or a column that does not exist.
var missing = regexp.MustCompile(`no such (table|column)|has no column named`)

// IsMissing reports whether an error says that a table, a column, a function or a
// sequence does not exist.
func IsMissing(err error) bool {
	switch state := stateOf(err); state {
	case "":
		return err != nil && missing.MatchString(err.Error())
	default:
		return slices.Contains([]string{"42P01", "42703", "42883", "3F000"}, state)
	}
}

// Contended reports whether an error says that others held the locks: a timeout,
// a deadlock or a serialization failure.
func Contended(err error) bool {
	return slices.Contains([]string{"55P03", "40P01", "40001"}, stateOf(err))
}
