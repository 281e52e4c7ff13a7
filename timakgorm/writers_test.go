package timakgorm_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/timak-go/timak/timakgorm"
)

// pair is what two writers do at the same time, round after round. One of them
// may fail, as the database breaks deadlocks.
type pair struct {
	name string
	a, b func(db *gorm.DB, round int) error
}

// to gives the author that a round moves posts to.
func to(round int) int { return round%4 + 3 }

func move(id uint) func(db *gorm.DB, round int) error {
	return func(db *gorm.DB, round int) error {
		return db.Model(&Post{ID: id}).Update("author_id", to(round)).Error
	}
}

func moveAll(db *gorm.DB, round int) error {
	return db.Model(&Post{}).Where("author_id > 0").Update("author_id", to(round+1)).Error
}

// moveBoth moves two posts in one transaction.
func moveBoth(one, other uint) func(db *gorm.DB, round int) error {
	return func(db *gorm.DB, round int) error {
		return db.Transaction(func(tx *gorm.DB) error {
			return first(move(one)(tx, round), move(other)(tx, round))
		})
	}
}

func deleteAll(db *gorm.DB, _ int) error { return db.Where("author_id > 0").Delete(&Post{}).Error }

func restoreAll(db *gorm.DB, round int) error {
	return db.Unscoped().Model(&Post{}).Where("author_id > 0").
		Updates(map[string]any{"deleted_at": nil, "author_id": to(round)}).Error
}

func add(db *gorm.DB, round int) error {
	return db.Create(&Post{AuthorID: uint(to(round)), Title: fmt.Sprint("r", round), Published: true}).Error
}

func deleteOne(db *gorm.DB, round int) error {
	return first(db.Delete(&Post{}, 10).Error, db.Unscoped().Model(&Post{ID: 10}).Update("deleted_at", nil).Error)
}

var pairs = []pair{
	{"two moves of a post", move(10), move(10)},
	{"a move and a move of all", move(10), moveAll},
	{"two moves of all", moveAll, moveAll},
	{"a move of all and a create", moveAll, add},
	{"a move of all and a delete of all", moveAll, deleteAll},
	{"a restore of all and a delete of all", restoreAll, deleteAll},
	{"a move and a delete", move(10), deleteOne},
	{"two transactions in opposite orders", moveBoth(10, 11), moveBoth(11, 10)},
	{"a transaction and a move of all", moveBoth(12, 10), moveAll},
}

// TestTwoWriters: whichever of two writers is first, the timelines are as the
// table, and an item is in one of them.
func TestTwoWriters(t *testing.T) {
	t.Parallel()
	const rounds = 8
	onBothByBoth(t, func(t *testing.T, dialect string, by timakgorm.Capture) {
		w := worldBy(t, by, setup{dialect: dialect})
		other := w.another(&timakgorm.Options{Capture: by})
		w.seed()
		for _, pair := range pairs {
			for round := range rounds {
				atOnce(
					func() { logError(t, pair.name, pair.a(w.db, round)) },
					func() { logError(t, pair.name, pair.b(other.db, round+1)) },
				)
				w.checkVersions()
				if w.check(); t.Failed() {
					t.Fatalf("after %q, round %d", pair.name, round)
				}
			}
			w.must(restoreAll(w.db, 0))
		}
	})
}

func atOnce(do ...func()) {
	var wg sync.WaitGroup
	for _, do := range do {
		wg.Go(do)
	}
	wg.Wait()
}

func logError(t *testing.T, about string, err error) {
	if err != nil {
		t.Logf("%s: %v", about, err)
	}
}

// TestRandomHistories: writers do this and that, in transactions of which some
// are rolled back, while two relays run. In the end the timelines are as the
// table.
func TestRandomHistories(t *testing.T) {
	t.Parallel()
	onBothByBoth(t, func(t *testing.T, dialect string, by timakgorm.Capture) {
		seed := uint64(time.Now().UnixNano())
		t.Logf("seed %d", seed)
		w := worldBy(t, by, setup{dialect: dialect, options: &timakgorm.Options{Batch: 7, Poll: 20 * time.Millisecond}})
		other := w.another(&timakgorm.Options{Capture: by, Batch: 3, Poll: 20 * time.Millisecond})
		w.seed()
		stop := w.run()
		stopOther := other.run()
		var writers []func()
		for i := range 4 {
			h := &history{Rand: rand.New(rand.NewPCG(seed, uint64(i))), db: []*gorm.DB{w.db, other.db}[i%2]}
			writers = append(writers, func() {
				for range 40 {
					h.transaction()
				}
			})
		}
		atOnce(writers...)
		stop()
		stopOther()
		w.check()
	})
}

// history is a writer that does what its random numbers say. What fails, fails:
// deadlocks, duplicate keys.
type history struct {
	*rand.Rand

	db *gorm.DB
}

func (h *history) id() uint { return uint(10 + h.IntN(15)) }

func (h *history) author() int { return h.IntN(5) }

// transaction is one operation, or several in a transaction.
func (h *history) transaction() {
	if h.IntN(3) == 0 {
		_ = h.operation(h.db)
		return
	}
	_ = h.db.Transaction(func(tx *gorm.DB) error {
		for range 1 + h.IntN(4) {
			if err := h.step(tx); err != nil {
				return err
			}
		}
		if h.IntN(4) == 0 {
			return errRollback
		}
		return nil
	})
}

// step is an operation, or some in a savepoint.
func (h *history) step(tx *gorm.DB) error {
	if h.IntN(4) > 0 {
		return h.operation(tx)
	}
	err := tx.Transaction(func(tx *gorm.DB) error {
		err := first(h.operation(tx), h.operation(tx))
		if err == nil && h.IntN(2) == 0 {
			err = errRollback
		}
		return err
	})
	if errors.Is(err, errRollback) {
		return nil
	}
	return err
}

func (h *history) operation(db *gorm.DB) error {
	switch h.IntN(13) {
	case 0:
		return db.Create(&Post{AuthorID: uint(h.author()), Title: "new", Published: h.IntN(3) > 0}).Error
	case 1:
		return db.Create(&[]Post{{ID: h.id(), AuthorID: 1, Published: true}, {ID: h.id(), AuthorID: 2, Published: true}}).Error
	case 2:
		return db.Model(&Post{ID: h.id()}).Update("author_id", h.author()).Error
	case 3:
		return db.Model(&Post{}).Where("author_id = ?", h.author()).Update("author_id", h.author()).Error
	case 4:
		return db.Model(&Post{ID: h.id()}).Update("published", h.IntN(2) == 0).Error
	case 5:
		return db.Model(&Post{}).Where("id % 3 = ?", h.IntN(3)).Update("created_at", at(h.IntN(50))).Error
	case 6:
		return db.Delete(&Post{}, h.id()).Error
	case 7:
		return db.Where("author_id = ?", h.author()).Delete(&Post{}).Error
	case 8:
		return db.Unscoped().Model(&Post{}).Where("id % 2 = ?", h.IntN(2)).Update("deleted_at", nil).Error
	case 9:
		return db.Unscoped().Delete(&Post{}, h.id()).Error
	case 10:
		return db.Model(&Post{ID: h.id()}).Update("title", fmt.Sprint("t", h.IntN(100))).Error
	case 11:
		return db.Clauses(clause.OnConflict{DoNothing: true}).Create(&Post{ID: h.id(), AuthorID: 3, Published: true}).Error
	default:
		return db.Model(&Post{}).Where("id = ?", h.id()).Update("id", h.id()).Error
	}
}
