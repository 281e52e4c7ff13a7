package outbox_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/outbox"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// TestMarks_place: a mark's row is found where it is, also when somebody else has moved it,
// and is not taken for another's.
func TestMarks_place(t *testing.T) {
	t.Parallel()
	w := world.New(t, world.Setup{Dialect: "postgres"})
	pool, err := w.DB.DB()
	w.Must(err)
	o, err := outbox.Open(pool, &dialect.Tables{Dialect: dialect.Postgres})
	w.Must(err)
	own, _, err := o.Learn(t.Context(), outbox.Look{Own: outbox.Mark{Text: "0"}})
	w.Must(err)
	settle := func(n int) error {
		own.Text = fmt.Sprint(n)
		return o.Settle(t.Context(), outbox.Settlement{Done: []int64{int64(n)}, Mark: &own})
	}
	for n := range 5 {
		if n == 3 {
			w.Must(o.Renew(t.Context(), own)) // moves the row
		}
		w.Must(settle(n + 1))
		var text, place string
		w.Must(pool.QueryRowContext(t.Context(), "SELECT mark, CAST(ctid AS text) FROM timak_marks").Scan(&text, &place))
		if text != own.Text || place != own.Place() {
			t.Errorf("round %d: got mark %q at %s, want %q at %s", n, text, place, own.Text, own.Place())
		}
	}
	for _, statement := range []string{"DELETE FROM timak_marks", "VACUUM FULL timak_marks", "INSERT INTO timak_marks (mark) SELECT 'another' FROM generate_series(1, 10)"} {
		_, err := pool.ExecContext(t.Context(), statement)
		w.Must(err)
	}
	if err := settle(9); !errors.Is(err, outbox.ErrMarksChanged) {
		t.Errorf("without the row: got %v, want that the marks have changed", err)
	}
	var others int
	w.Must(pool.QueryRowContext(t.Context(), "SELECT count(*) FROM timak_marks WHERE mark = 'another'").Scan(&others))
	if others != 10 {
		t.Errorf("%d rows of others are as they were, want 10", others)
	}
}
