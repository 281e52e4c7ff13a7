package triggers_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// TestTriggers_trade: rows hand their places on to one another, in many
// statements within one tick of the database's clock, relayed together or
// apart. Neither an order of versions within a statement nor one across
// statements would be lucky enough every time.
func TestTriggers_trade(t *testing.T) {
	t.Parallel()
	const slots, steps = 12, 400
	world.OnBoth(t, func(t *testing.T, dialect string) {
		seed := uint64(time.Now().UnixNano())
		t.Logf("seed %d", seed)
		r := rand.New(rand.NewPCG(seed, 0))
		w := world.TriggerWorld(t, world.Setup{
			Dialect: dialect, Models: []any{&world.Slot{}}, Tracked: []any{&world.Slot{}}, Options: &timakgorm.Options{Batch: 5},
		})
		rows := make([]world.Slot, slots)
		for i := range rows {
			rows[i] = world.Slot{ID: uint(i + 1), Place: i, Title: fmt.Sprint("slot ", i), CreatedAt: world.At(i)}
		}
		w.Must(w.DB.Create(&rows).Error)
		w.CheckSlots()
		stranger := w.Stranger()
		for step := range steps {
			if step%40 == 0 {
				w.ClockSetBack(time.Now().Add(time.Duration(step) * time.Minute).UnixMicro())
			}
			statement := tradeStatement(r, slots)
			if dialect == "sqlite" && r.IntN(2) == 0 {
				statement = sqliteTrade(r, slots)
			}
			_, err := stranger.ExecContext(t.Context(), statement)
			w.Must(err)
			if r.IntN(12) == 0 {
				w.CheckSlots()
			}
		}
		w.CheckSlots()
	})
}

// tradeStatement moves the places of some rows around: by rotation of those
// below a number, by a swap of two, by way of an empty place, or by a row that
// goes and comes back under another primary key.
func tradeStatement(r *rand.Rand, slots int) string {
	a, b, n := r.IntN(slots), r.IntN(slots), 2+r.IntN(slots-1)
	switch r.IntN(4) {
	case 0:
		return fmt.Sprintf("UPDATE slots SET place = (place + %d) %% %d WHERE place < %d", 1+r.IntN(n), n, n)
	case 1:
		return fmt.Sprintf("UPDATE slots SET place = %d - place WHERE place IN (%d, %d)", a+b, a, b)
	case 2:
		return strings.Join([]string{
			fmt.Sprintf("UPDATE slots SET place = -1 WHERE place = %d", a),
			fmt.Sprintf("UPDATE slots SET place = %d WHERE place = %d", a, b),
			fmt.Sprintf("UPDATE slots SET place = %d WHERE place = -1", b),
		}, "; ")
	default:
		return fmt.Sprintf("UPDATE slots SET id = 1000 WHERE place = %d; UPDATE slots SET title = title || '.' WHERE id = 1000; "+
			"UPDATE slots SET id = (SELECT min(n.id) + 1 FROM slots n WHERE n.id + 1 NOT IN (SELECT o.id FROM slots o)) WHERE id = 1000", a)
	}
}

// sqliteTrade rotates the places of some rows by statements that replace rows or
// meet them, or empties what timak's triggers have for themselves.
func sqliteTrade(r *rand.Rand, slots int) string {
	n := 2 + r.IntN(slots-1)
	rotated := fmt.Sprintf("INTO slots (id, place, title, created_at) SELECT id, (place + %d) %% %d, title, created_at FROM slots WHERE place < %d", 1+r.IntN(n), n, n)
	switch r.IntN(5) {
	case 0:
		return "REPLACE " + rotated
	case 1:
		return "INSERT " + rotated + " ON CONFLICT (id) DO UPDATE SET place = excluded.place"
	case 2:
		return "INSERT OR IGNORE " + rotated
	case 3:
		return "INSERT OR IGNORE " + rotated + "; DELETE FROM slots WHERE place = 0; INSERT INTO slots (id, place, title, created_at) " +
			"SELECT min(n.id) + 1, 0, 'new', '2026-01-01 00:08:00+00:00' FROM slots n WHERE n.id + 1 NOT IN (SELECT o.id FROM slots o)"
	default:
		return "DELETE FROM timak_statement; DELETE FROM timak_replaced"
	}
}

// TestVersion_plan: no change reads all of the outbox, or by a trigger all of the
// table, though the statement was planned when both were empty, and known to be.
func TestVersion_plan(t *testing.T) {
	t.Parallel()
	tables := map[timakgorm.Capture]string{timakgorm.Callbacks: "timak_outbox", timakgorm.Triggers: "timak_outbox posts"}
	for _, by := range []timakgorm.Capture{timakgorm.Callbacks, timakgorm.Triggers} {
		w := world.NewBy(t, by, world.Setup{Dialect: "postgres"})
		w.Must(w.DB.Exec("VACUUM ANALYZE timak_outbox").Error)
		w.Must(w.DB.Exec("VACUUM ANALYZE posts").Error)
		w.Must(w.DB.Transaction(func(tx *gorm.DB) error {
			whole := func() (n int) {
				w.Must(tx.Raw("SELECT sum(seq_scan) FROM pg_stat_xact_user_tables WHERE relname = ANY (string_to_array(?, ' '))", tables[by]).Scan(&n).Error)
				return n
			}
			before := whole()
			for range 10 { // from the sixth on a prepared statement may have one plan for all
				w.Must(tx.Create(&world.Post{AuthorID: 1, Published: true}).Error)
			}
			if n := whole() - before; n > 0 {
				t.Errorf("capture %v: 10 changes have read a whole table %d times", by, n)
			}
			return nil
		}))
	}
}
