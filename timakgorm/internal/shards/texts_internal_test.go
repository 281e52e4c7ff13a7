package shards

import (
	"database/sql"
	"errors"
	"testing"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
)

// Errors name the package once.
func TestNotForeign_noPool(t *testing.T) {
	t.Parallel()
	unused := errors.New("timakgorm: the plugin is not in use")
	s := New(Options{Dialect: dialect.Postgres, DB: func() (*sql.DB, error) { return nil, unused }})
	if _, err := s.NotForeign(t.Context()); !errors.Is(err, unused) || err.Error() != unused.Error() {
		t.Errorf("got %v, want %v", err, unused)
	}
}
