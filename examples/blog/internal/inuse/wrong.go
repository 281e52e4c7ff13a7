package inuse

import (
	"fmt"

	"github.com/timak-go/timak/examples/blog/internal/storage"
)

// WrongError is returned when the store is not the one that holds the timelines of the
// database, or may not be used now. It says what to do.
type WrongError struct {
	why     string
	Movable bool // Move may make it the right store
}

func (e *WrongError) Error() string { return e.why }

// check returns a *WrongError if a store with these marks is not to be used by a database
// with this note.
func (m marks) check(n note, c storage.Config) error {
	if m.foreign {
		return foreign(c)
	}
	if why := m.wrong(n, c); why != "" {
		return &WrongError{why: why, Movable: true}
	}
	return nil
}

// wrong returns why a store is not the one that holds the timelines, and what to do; or "".
func (m marks) wrong(n note, c storage.Config) string {
	here := c.Place(c.Timelines())
	switch {
	case n.Kind == "":
		return fmt.Sprintf("the timelines of this database are not in %s yet: "+
			`stop every other blog on it, and run "blog rebuild" once, with the same flags, to make them`, here)
	case n.Kind != c.Timelines():
		return fmt.Sprintf("the timelines of this database are in %s, and not in %s: start the blog %s; "+
			`or, to move them, stop every blog on this database and run "blog rebuild" with the flags that you have given`,
			c.Place(n.Kind), here, flags(n.Kind))
	case !n.Whole:
		return fmt.Sprintf("the timelines in %s are not all made: "+
			`a "blog rebuild" was stopped, or is running; run it to its end, with the same flags`, here)
	case !m.now:
		return fmt.Sprintf("%s does not hold the timelines of this database, or lost them: "+
			`if it is the right place, run "blog rebuild" with the same flags to make them again`, here)
	default:
		return ""
	}
}

// foreign says that a store holds the timelines of another database.
func foreign(c storage.Config) error {
	var advice string
	switch c.Timelines() {
	case storage.File:
		advice = "remove its file " + storage.TimelinesFile + ", if that database is gone"
	case storage.Redis:
		advice = "give this one a server, or a number on it, of its own, as in redis://host:port/1; or remove its keys (timak:…), if that database is gone"
	case storage.Postgres, storage.Riak:
		advice = "give each database a store of its own; or remove its timelines, if that database is gone"
	}
	return &WrongError{why: fmt.Sprintf("%s holds the timelines of another database: %s", c.Place(c.Timelines()), advice)}
}

// flags says which flags lead to the store of a kind.
func flags(k storage.Kind) string {
	switch k {
	case storage.Redis:
		return "with -redis"
	case storage.Riak:
		return "with -riak"
	default:
		return "without -redis and -riak"
	}
}
