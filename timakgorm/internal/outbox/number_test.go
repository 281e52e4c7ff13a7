package outbox_test

import (
	"testing"
	"time"

	"gorm.io/gorm/schema"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/model"
	"github.com/timak-go/timak/timakgorm/internal/outbox"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// TestRecord_number: a transaction has a number when it draws the id of a change, also if it
// has locked nothing: the row is gone, or is another's.
func TestRecord_number(t *testing.T) {
	t.Parallel()
	w := world.New(t, world.Setup{Dialect: "postgres"})
	w.Must(w.DB.Create(&world.Post{ID: 9}).Error)
	for _, statement := range []string{
		"ALTER TABLE timak_outbox ALTER id DROP IDENTITY",
		"CREATE SEQUENCE ids START 100",
		`CREATE FUNCTION id_with_number() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN
			IF pg_current_xact_id_if_assigned() IS NULL THEN RAISE EXCEPTION 'an id without a number'; END IF;
			RETURN nextval('ids');
		END $$`,
		"ALTER TABLE timak_outbox ALTER id SET DEFAULT id_with_number()",
		// What sequences write to the log gets a number too: it does not come with each draw.
		"SELECT setval('timak_versions', 4000000000000000)",
		"SELECT nextval('timak_versions')",
	} {
		w.Must(w.DB.Exec(statement).Error)
	}
	m, err := model.Compile(model.Declared{Value: &world.Post{}}, schema.NamingStrategy{})
	w.Must(err)
	ts, err := dialect.NewTables(dialect.Postgres, []*model.Model{m}, func(name string) string { return `"` + name + `"` })
	w.Must(err)
	pool, err := w.DB.DB()
	w.Must(err)
	some := func(n int64) (gone *outbox.Changes) {
		gone, old := &outbox.Changes{}, outbox.UnknownImage
		for id := range n {
			w.Must(gone.Read(model.RowKey{"id": id + 1}, &old))
		}
		return gone
	}
	made := &outbox.Changes{}
	w.Must(made.Touch(model.RowKey{"id": 9}))
	for about, changes := range map[string]*outbox.Changes{"a row that is gone": some(1), "two of them": some(2), "another's row": made} {
		tx, err := pool.BeginTx(t.Context(), nil)
		w.Must(err)
		n, err := outbox.Record(t.Context(), tx, ts.ByName["posts"], changes, time.Now())
		if err != nil || int(n) != len(changes.Rows) {
			t.Errorf("%s: recorded %d, %v, want %d", about, n, err, len(changes.Rows))
		}
		w.Must(tx.Rollback())
	}
}
