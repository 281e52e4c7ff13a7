package world

import (
	"errors"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm"
)

// Stray sets a search_path behind GORM, for a transaction.
func Stray(tx *gorm.DB, path string) error {
	_, err := tx.Statement.ConnPool.ExecContext(tx.Statement.Context, "SET LOCAL search_path = "+path)
	return err
}

// Permit is a row of a table by whose name a session may find another.
type Permit struct {
	ID        uint
	HallID    uint
	Code      string `gorm:"uniqueIndex:,composite:code"`
	Seen      int
	Fee       float64
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=hall:{HallID}; data=Code,Fee"`
}

// permitSchemas are two schemas beside public, each with permits of its own: one in
// which a session strays, and its twin, which is written without the plugin.
const permitSchemas = `CREATE SCHEMA acme; CREATE SCHEMA twin;
CREATE TABLE acme.permits (LIKE permits INCLUDING ALL); CREATE TABLE twin.permits (LIKE permits INCLUDING ALL);
CREATE SEQUENCE acme.ids START 100; ALTER TABLE acme.permits ALTER id SET DEFAULT nextval('acme.ids');
CREATE SEQUENCE twin.ids START 100; ALTER TABLE twin.permits ALTER id SET DEFAULT nextval('twin.ids');
INSERT INTO acme.permits (id, hall_id, code, seen, fee, created_at) VALUES (1, 7, 'a1', 0, 0.1, '2026-01-01 00:00:01+00'), (2, 7, 'a2', 0, 0.1, '2026-01-01 00:00:02+00'), (9, 8, 'a9', 0, 0.1, '2026-01-01 00:00:09+00');
INSERT INTO twin.permits SELECT * FROM acme.permits;
CREATE FUNCTION go_to(schema text) RETURNS text LANGUAGE sql AS $$ SELECT set_config('search' || '_path', schema, true) $$;`

var errUndone = errors.New("undo")

// PermitWorld has permits in public, and those of others beside it.
func PermitWorld(t *testing.T, by timakgorm.Capture, options *timakgorm.Options) *World {
	w := NewBy(t, by, Setup{Dialect: "postgres", Models: []any{&Permit{}}, Tracked: []any{&Permit{}}, Options: options})
	_, err := w.Stranger().ExecContext(t.Context(), permitSchemas)
	w.Must(err)
	w.Must(w.DB.Create(&[]Permit{{ID: 1, HallID: 1, Code: "p1", CreatedAt: At(1)}, {ID: 2, HallID: 1, Code: "p2", CreatedAt: At(2)}, {ID: 3, HallID: 1, Code: "p3", CreatedAt: At(3)}}).Error)
	w.WantIDs("hall:1", "permits:3", "permits:2", "permits:1")
	return w
}

// Undone runs a write in a transaction that is rolled back.
func Undone(db *gorm.DB, write func(tx *gorm.DB) error) error {
	err := db.Transaction(func(tx *gorm.DB) error { return errors.Join(write(tx), errUndone) })
	if joined, ok := err.(interface{ Unwrap() []error }); ok && len(joined.Unwrap()) == 1 && errors.Is(err, errUndone) {
		return nil
	}
	return err
}
