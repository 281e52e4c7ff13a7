package pgstore

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
)

// Options tune a Store. The zero Options, and nil, mean the defaults.
type Options struct {
	// Schema is where the table is. It must exist. Defaults to none: the
	// connection's search_path decides.
	Schema string

	// Table is the name of the table, up to 52 bytes. Stores with different tables
	// share nothing. Defaults to "timak_timelines".
	Table string

	// Timeout is the longest that a call may take, from the wait for a free
	// connection to the answer. After that it fails with driver.ErrUnavailable. Defaults to
	// ten seconds.
	Timeout time.Duration
}

const (
	defaultTable   = "timak_timelines"
	defaultTimeout = 10 * time.Second

	versionsSuffix = "_migrations" // of the table's name: where Migrate notes what is done
	maxIdentifier  = 63            // bytes; Postgres cuts off the rest, so that two names may become one
	maxTable       = maxIdentifier - len(versionsSuffix)
)

// withDefaults returns the options with zero fields filled in, or an error that
// names the option that is out of range; o may be nil.
func (o *Options) withDefaults() (Options, error) {
	var all Options
	if o != nil {
		all = *o
	}
	if all.Table == "" {
		all.Table = defaultTable
	}
	if all.Timeout == 0 {
		all.Timeout = defaultTimeout
	}
	switch {
	case !isIdentifier(all.Table, maxTable):
		return all, fmt.Errorf("Options.Table %q: expected at most %d bytes of UTF-8 without a NUL", all.Table, maxTable)
	case !isIdentifier(all.Schema, maxIdentifier):
		return all, fmt.Errorf("Options.Schema %q: expected at most %d bytes of UTF-8 without a NUL", all.Schema, maxIdentifier)
	case all.Timeout < 0:
		return all, fmt.Errorf("Options.Timeout %v: expected a positive duration, or 0 for %v", all.Timeout, defaultTimeout)
	}
	return all, nil
}

func isIdentifier(name string, most int) bool {
	return len(name) <= most && utf8.ValidString(name) && !strings.Contains(name, "\x00")
}

// table returns the quoted name of the table.
func (o *Options) table() string { return o.quote(o.Table) }

// versions returns the quoted name of the table where Migrate notes what is done.
func (o *Options) versions() string { return o.quote(o.Table + versionsSuffix) }

func (o *Options) quote(table string) string {
	if o.Schema == "" {
		return pgx.Identifier{table}.Sanitize()
	}
	return pgx.Identifier{o.Schema, table}.Sanitize()
}
