package outbox

import (
	"regexp"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
)

// own are timak's own tables, and the columns that later steps have added to them.
var own = regexp.MustCompile(`\b(timak_\w+|progress|claim)\b`)

// Explain adds to an error of the database that a part of timak's own tables is missing
// what to do about it. Any other error, and nil, stay as they are.
func Explain(err error) error {
	if err == nil || !dialect.IsMissing(err) || !own.MatchString(err.Error()) {
		return err
	}
	return &unmigrated{err}
}

// unmigrated is an error of a database without all of timak's own tables.
type unmigrated struct{ cause error }

// Error implements error.
func (e *unmigrated) Error() string {
	return e.cause.Error() + "; timak's own tables are missing or of an earlier release: call timakgorm.Migrate(ctx, db) first, or run the files of migrations.FS"
}

// Unwrap returns the database's error.
func (e *unmigrated) Unwrap() error { return e.cause }
