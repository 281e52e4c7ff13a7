package audience_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// historiesVar is how many random histories a test has in each setting; make soak sets
// it.
const historiesVar = "TIMAK_TEST_HISTORIES"

func histories(t *testing.T) int {
	t.Helper()
	text := os.Getenv(historiesVar)
	if text == "" {
		return 4
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s=%s: expected a number of histories", historiesVar, text)
	}
	return n
}

// Tale has an author, and may be told in a group.
type Tale struct {
	ID        uint
	AuthorID  uint
	GroupID   *uint
	Title     string
	Published bool
	CreatedAt time.Time
	DeletedAt gorm.DeletedAt

	_ timakgorm.Timeline `timak:"audience=tales; source=author:{AuthorID}; when=Published; data=Title"`
	_ timakgorm.Timeline `timak:"audience=tales; source=group:{GroupID}; when=Published; data=Title"`
}

// Fan subscribes a reader to an author.
type Fan struct {
	ReaderID  uint `gorm:"primaryKey;autoIncrement:false"`
	AuthorID  uint `gorm:"primaryKey;autoIncrement:false"`
	Muted     bool
	DeletedAt gorm.DeletedAt

	_ timakgorm.Subscription `timak:"audience=tales; key=reader:{ReaderID}:home; source=author:{AuthorID}; when=!Muted"`
}

// Member subscribes a reader to a group.
type Member struct {
	ID       uint
	ReaderID uint
	GroupID  uint

	_ timakgorm.Subscription `timak:"audience=tales; key=reader:{ReaderID}:home; source=group:{GroupID}"`
}

const (
	authors = 4
	groups  = 2
	readers = 5
	people  = 10 // each history has its own
)

// history writes at random.
type history struct {
	*rand.Rand
	db    *gorm.DB
	next  *uint // the id of the last tale
	first uint  // the least id that the writer makes: others leave them alone
	step  uint
	base  uint // no person of the history has this id, or a lower one
}

func (h *history) author() uint { return h.base + uint(1+h.IntN(authors)) }

func (h *history) reader() uint { return h.base + uint(1+h.IntN(readers)) }

// group is nil half the time.
func (h *history) group() *uint {
	if n := h.IntN(2 * groups); n < groups {
		return new(h.base + uint(1+n))
	}
	return nil
}

// some is any tale of the writer that was made before.
func (h *history) some(tx *gorm.DB) *gorm.DB {
	made := (*h.next-h.first)/h.step + 1
	return tx.Unscoped().Model(&Tale{}).Where("id = ?", h.first+h.step*uint(h.IntN(int(made))))
}

// write does one thing.
func (h *history) write(tx *gorm.DB) error {
	switch h.IntN(10) {
	case 0, 1:
		*h.next += h.step
		return tx.Create(&Tale{
			ID: *h.next, AuthorID: h.author(), GroupID: h.group(), Title: fmt.Sprint("t", *h.next),
			Published: h.IntN(4) > 0, CreatedAt: world.At(int(*h.next)),
		}).Error
	case 2, 3, 4, 5:
		return h.change(tx)
	case 6:
		return h.join(tx)
	default:
		return h.follow(tx)
	}
}

// change edits, moves, hides, deletes or restores a tale.
func (h *history) change(tx *gorm.DB) error {
	one := h.some(tx)
	switch h.IntN(7) {
	case 0:
		return one.Update("title", fmt.Sprint("t", h.IntN(1000))).Error
	case 1:
		return one.Update("author_id", h.author()).Error
	case 2:
		return one.Update("group_id", h.group()).Error
	case 3, 4:
		return one.Update("published", h.IntN(2) == 0).Error
	case 5:
		return one.Update("deleted_at", []any{nil, time.Now()}[h.IntN(2)]).Error
	default:
		return one.Delete(&Tale{}).Error
	}
}

// follow follows, unfollows, mutes, deletes softly or restores.
func (h *history) follow(tx *gorm.DB) error {
	one := Fan{ReaderID: h.reader(), AuthorID: h.author()}
	these := tx.Unscoped().Model(&Fan{}).Where("reader_id = ? AND author_id = ?", one.ReaderID, one.AuthorID)
	switch h.IntN(5) {
	case 0, 1, 2:
		return tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&one).Error
	case 3:
		return these.Delete(&Fan{}).Error
	default:
		return these.Updates(map[string]any{"muted": h.IntN(3) == 0, "deleted_at": []any{nil, nil, time.Now()}[h.IntN(3)]}).Error
	}
}

// join joins a group, perhaps once more, leaves it, or goes to another.
func (h *history) join(tx *gorm.DB) error {
	one := Member{ReaderID: h.reader(), GroupID: h.base + uint(1+h.IntN(groups))}
	switch h.IntN(4) {
	case 0, 1:
		return tx.Create(&one).Error
	case 2:
		return tx.Where("reader_id = ? AND group_id = ?", one.ReaderID, one.GroupID).Delete(&Member{}).Error
	default:
		return tx.Model(&Member{}).Where("reader_id = ?", one.ReaderID).Update("group_id", one.GroupID).Error
	}
}

var errBack = errors.New("rolled back on purpose")

// transaction does some things together, of which some are rolled back. A deadlock of
// writers is theirs to have.
func (h *history) transaction() {
	_ = h.db.Transaction(func(tx *gorm.DB) error {
		for range 1 + h.IntN(3) {
			if err := h.write(tx); err != nil {
				return err
			}
		}
		if h.IntN(5) == 0 {
			return errBack
		}
		return nil
	})
}

// wantFeeds compares the timelines of a history's readers with a query that knows nothing
// of rules.
func wantFeeds(w *world.World, base uint) {
	w.Helper()
	w.Drain()
	for reader := int(base) + 1; reader <= int(base)+readers; reader++ {
		var want []string
		w.Must(w.DB.Raw(`SELECT s.id || ' ' || s.title FROM tales s WHERE s.published AND s.deleted_at IS NULL
			AND (s.author_id IN (SELECT f.author_id FROM fans f WHERE f.reader_id = ? AND NOT f.muted AND f.deleted_at IS NULL)
				OR s.group_id IN (SELECT m.group_id FROM members m WHERE m.reader_id = ?))
			ORDER BY s.created_at DESC LIMIT 1000`, reader, reader).Scan(&want).Error)
		timeline, err := w.Timelines.Get(w.Context(), home(reader))
		w.Must(err)
		var got []string
		for _, item := range timeline.Items() {
			title := strings.TrimSuffix(strings.TrimPrefix(string(item.Data), `{"title":"`), `"}`)
			got = append(got, strings.TrimPrefix(item.ID, "tales:")+" "+title)
		}
		if strings.Join(got, ",") != strings.Join(want, ",") {
			w.Errorf("reader %d has\n\t%q, want\n\t%q", reader, got, want)
		}
	}
}

// runCrashing starts a relay over and over, and ends it in the middle of what it does,
// until stop is called.
func runCrashing(w *world.World, random *rand.Rand) (stop func()) {
	ended, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			ctx, crash := context.WithTimeout(w.Context(), time.Duration(random.IntN(40))*time.Millisecond)
			_ = w.Plugin.Run(ctx)
			crash()
			select {
			case <-ended:
				return
			default:
			}
		}
	}()
	return func() {
		close(ended)
		<-done
	}
}

// TestFeeds_histories: whatever writers do at once, and whichever of two relays applies
// it, of which one crashes again and again, each feed comes to what a query says.
func TestFeeds_histories(t *testing.T) {
	t.Parallel()
	world.OverStoresByBoth(t, func(t *testing.T, s world.Setup, by timakgorm.Capture) {
		seed := uint64(time.Now().UnixNano())
		t.Logf("seed %d", seed)
		s.Models = []any{&Tale{}, &Fan{}, &Member{}}
		s.Tracked = s.Models
		s.Options = &timakgorm.Options{Batch: 7, Poll: 5 * time.Millisecond}
		w := world.NewBy(t, by, s)
		other := w.Another(&timakgorm.Options{Capture: by, Batch: 3, Poll: 5 * time.Millisecond})
		var writers []*history
		for n := range uint(3) {
			next := n
			writers = append(writers, &history{
				Rand: rand.New(rand.NewPCG(seed, uint64(n))), db: []*gorm.DB{w.DB, other.DB}[n%2], next: &next, first: n, step: 3,
			})
		}
		for n := range uint(histories(t)) {
			stop, stopOther := w.Run(), runCrashing(other, rand.New(rand.NewPCG(seed, uint64(100+n))))
			var do []func()
			for _, h := range writers {
				h.base, h.first = n*people, *h.next
				do = append(do, func() {
					for range 15 {
						h.transaction()
					}
				})
			}
			world.AtOnce(do...)
			stop()
			stopOther()
			if wantFeeds(w, n*people); t.Failed() {
				return
			}
		}
		w.WantDifferences()
		if w.Dead() > 0 {
			t.Errorf("dead letters: %+v", w.Letters(timakgorm.DeadLetterQuery{}))
		}
	})
}
