package endtoend_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
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
		return db.Model(&world.Post{ID: id}).Update("author_id", to(round)).Error
	}
}

func moveAll(db *gorm.DB, round int) error {
	return db.Model(&world.Post{}).Where("author_id > 0").Update("author_id", to(round+1)).Error
}

// moveBoth moves two posts in one transaction.
func moveBoth(one, other uint) func(db *gorm.DB, round int) error {
	return func(db *gorm.DB, round int) error {
		return db.Transaction(func(tx *gorm.DB) error {
			return world.First(move(one)(tx, round), move(other)(tx, round))
		})
	}
}

func deleteAll(db *gorm.DB, _ int) error {
	return db.Where("author_id > 0").Delete(&world.Post{}).Error
}

func restoreAll(db *gorm.DB, round int) error {
	return db.Unscoped().Model(&world.Post{}).Where("author_id > 0").
		Updates(map[string]any{"deleted_at": nil, "author_id": to(round)}).Error
}

func add(db *gorm.DB, round int) error {
	return db.Create(&world.Post{AuthorID: uint(to(round)), Title: fmt.Sprint("r", round), Published: true}).Error
}

func deleteOne(db *gorm.DB, round int) error {
	return world.First(db.Delete(&world.Post{}, 10).Error, db.Unscoped().Model(&world.Post{ID: 10}).Update("deleted_at", nil).Error)
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
	world.OnBothByBoth(t, func(t *testing.T, dialect string, by timakgorm.Capture) {
		w := world.NewBy(t, by, world.Setup{Dialect: dialect})
		other := w.Another(&timakgorm.Options{Capture: by})
		w.Seed()
		for _, pair := range pairs {
			for round := range rounds {
				world.AtOnce(
					func() { world.LogError(t, pair.name, pair.a(w.DB, round)) },
					func() { world.LogError(t, pair.name, pair.b(other.DB, round+1)) },
				)
				w.CheckVersions()
				if w.Check(); t.Failed() {
					t.Fatalf("after %q, round %d", pair.name, round)
				}
			}
			w.Must(restoreAll(w.DB, 0))
		}
	})
}

// TestRandomHistories: writers do this and that, in transactions of which some
// are rolled back, while two relays run. In the end the timelines are as the
// table.
func TestRandomHistories(t *testing.T) {
	t.Parallel()
	world.OnBothByBoth(t, func(t *testing.T, dialect string, by timakgorm.Capture) {
		seed := uint64(time.Now().UnixNano())
		t.Logf("seed %d", seed)
		w := world.NewBy(t, by, world.Setup{Dialect: dialect, Options: &timakgorm.Options{Batch: 7, Poll: 20 * time.Millisecond}})
		other := w.Another(&timakgorm.Options{Capture: by, Batch: 3, Poll: 20 * time.Millisecond})
		w.Seed()
		stop := w.Run()
		stopOther := other.Run()
		var writers []func()
		for i := range 4 {
			h := &world.History{Rand: rand.New(rand.NewPCG(seed, uint64(i))), DB: []*gorm.DB{w.DB, other.DB}[i%2]}
			writers = append(writers, func() {
				for range 40 {
					h.Transaction()
				}
			})
		}
		world.AtOnce(writers...)
		stop()
		stopOther()
		w.Check()
	})
}
