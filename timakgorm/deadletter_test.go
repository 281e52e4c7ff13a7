package timakgorm_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/driver"
	"github.com/timak-go/timak/timakgorm"
)

// deadLetter is a row of timak_dead.
type deadLetter struct {
	ID, Version int64
	Tbl, Pk     string
	Old, New    *string
	Error       string
}

func (deadLetter) TableName() string { return "timak_dead" }

func (w *world) deadLetters() []deadLetter {
	w.Helper()
	var letters []deadLetter
	w.must(w.db.Order("id").Find(&letters).Error)
	return letters
}

// forgive empties the dead letters.
func (w *world) forgive() {
	w.Helper()
	w.must(w.db.Where("1 = 1").Delete(&deadLetter{}).Error)
}

// TestBadTimeline: where a timeline refuses a change for good, the change
// becomes a dead letter, and all others are applied.
func TestBadTimeline(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		store := newFaulty()
		w := newWorld(t, setup{dialect: dialect, store: store})
		store.before(failingPuts("author:1:posts", driver.ErrTooLarge))
		w.must(w.db.Create(&[]Post{
			{ID: 1, AuthorID: 1, Title: "refused", Published: true, CreatedAt: at(1)},
			{ID: 2, AuthorID: 2, Title: "taken", Published: true, CreatedAt: at(2)},
		}).Error)
		w.must(w.db.Create(&Post{ID: 3, AuthorID: 1, Title: "draft", CreatedAt: at(3)}).Error)
		changes := w.changes()
		w.drain()
		letters := w.deadLetters()
		if len(letters) != 1 {
			t.Fatalf("dead letters: got %+v, want one", letters)
		}
		got, want := letters[0], changes[0]
		if got.ID != want.ID || got.Version != want.Version || got.Tbl != "posts" || got.Pk != "[1]" || got.Old != nil || *got.New != *want.New {
			t.Errorf("dead letter: got %+v, want %+v", got, want)
		}
		if !strings.Contains(got.Error, driver.ErrTooLarge.Error()) || !strings.Contains(got.Error, "author:1:posts") {
			t.Errorf("dead letter says %q, want the store's error and the timeline", got.Error)
		}
		if got := w.ids("author:2:posts"); !slices.Equal(got, []string{"posts:2"}) {
			t.Errorf("timeline of another: got %v", got)
		}
		store.before(nil)
		w.must(w.db.Model(&Post{ID: 1}).Update("title", "taken now").Error)
		w.forgive()
		w.check()
	})
}

// TestDamagedTimeline: a timeline whose stored bytes are damaged takes no
// change, is not written over, and stops no other.
func TestDamagedTimeline(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		store := newFaulty()
		w := newWorld(t, setup{dialect: dialect, store: store})
		damaged := []byte("these are not the bytes you are looking for")
		_, err := store.memory.Put(t.Context(), "author:1:posts", damaged, nil)
		w.must(err)
		for i := range 20 {
			w.must(w.db.Create(&Post{AuthorID: uint(i % 4), Title: "x", Published: true}).Error)
		}
		w.drain()
		letters := w.deadLetters()
		if len(letters) != 5 {
			t.Errorf("%d dead letters, want 5", len(letters))
		}
		for _, letter := range letters {
			if !strings.Contains(letter.Error, timak.ErrCorrupt.Error()) {
				t.Errorf("dead letter says %q, want ErrCorrupt", letter.Error)
			}
		}
		object, err := store.memory.Get(t.Context(), "author:1:posts")
		w.must(err)
		if len(object.Siblings) != 1 || !bytes.Equal(object.Siblings[0], damaged) {
			t.Errorf("the damaged value was written over: %q", object.Siblings)
		}
		for _, key := range []string{"author:0:posts", "author:2:posts", "author:3:posts"} {
			if got := len(w.ids(key)); got != 5 {
				t.Errorf("timeline %q has %d items, want 5", key, got)
			}
		}
	})
}

// TestBadNeighbour: one row that a timeline can never take does not take those
// down that go into the same timeline.
func TestBadNeighbour(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		w := newWorld(t, setup{dialect: dialect, engine: &timak.Options{MaxData: 100}})
		for i := range 9 {
			title := fmt.Sprint("t", i)
			if i == 3 || i == 7 {
				title = strings.Repeat("too long ", 20)
			}
			w.must(w.db.Create(&Post{ID: uint(i + 1), AuthorID: 1, Title: title, Published: true, CreatedAt: at(i)}).Error)
		}
		w.drain()
		var bad []string
		for _, letter := range w.deadLetters() {
			bad = append(bad, letter.Pk)
			if !strings.Contains(letter.Error, timak.ErrData.Error()) {
				t.Errorf("dead letter says %q, want ErrData", letter.Error)
			}
		}
		if want := []string{"[4]", "[8]"}; !slices.Equal(bad, want) {
			t.Errorf("dead letters: got %v, want %v", bad, want)
		}
		w.forgive()
		w.must(w.db.Model(&Post{}).Where("id IN ?", []int{4, 8}).Update("title", "shorter").Error)
		w.check()
	})
}

// TestBadImages: what stands in the outbox and cannot be understood becomes a
// dead letter with the reason, and all others are applied.
func TestBadImages(t *testing.T) {
	t.Parallel()
	const good = `"author_id": 1, "title": "t", "published": true, "created_at": "2026-01-01T00:00:00Z"`
	bad := []string{
		`"a text"`, `[1, 2]`, `7`, `{}`,
		`{"id": null, ` + good + `}`,
		`{"id": {"x": 1}, ` + good + `}`,
		`{"id": "` + strings.Repeat("9", 600) + `", ` + good + `}`,
	}
	// Where a rule fails on an image, the row is nowhere by it: that is for a
	// person to see, but nothing to take back when the row is mended.
	unplaceable := []string{
		`{"id": 1, "author_id": "` + strings.Repeat("9", 600) + `", "title": "t", "published": true, "created_at": "2026-01-01T00:00:00Z"}`,
		`{"id": 1, "author_id": [1], "title": "t", "published": true, "created_at": "2026-01-01T00:00:00Z"}`,
		`{"id": 1, "author_id": 1, "title": "t", "published": "perhaps", "created_at": "2026-01-01T00:00:00Z"}`,
		`{"id": 1, "author_id": 1, "title": "t", "published": true, "created_at": "tomorrow"}`,
		`{"id": 1, "author_id": 1, "title": "t", "published": true, "created_at": null}`,
	}
	onBoth(t, func(t *testing.T, dialect string) {
		w := newWorld(t, setup{dialect: dialect})
		for i, image := range slices.Concat(bad, unplaceable) {
			version := int64(1000 + 10*i)
			w.replay(
				outboxRow{Tbl: "posts", Pk: fmt.Sprintf("[%d]", 1000+2*i), Version: version, New: &image},
				outboxRow{Tbl: "posts", Pk: fmt.Sprintf("[%d]", 1001+2*i), Version: version, Old: &image},
			)
			w.must(w.db.Create(&Post{AuthorID: uint(i), Title: "beside", Published: true}).Error)
		}
		w.replay(outboxRow{Tbl: "posts", Pk: "[2000]", Version: 2000}) // says nothing
		w.drain()
		letters := w.deadLetters()
		if want := 2*len(bad) - 1 + len(unplaceable); len(letters) != want { // {} may be an old image: nobody knows where the row was
			t.Errorf("%d dead letters, want %d", len(letters), want)
		}
		for _, letter := range letters {
			if len(letter.Error) > 0 {
				t.Logf("%.200s", letter.Error)
			} else {
				t.Errorf("dead letter %+v without a reason", letter)
			}
		}
		w.forgive()
		w.check()
	})
}

// TestBadImageOfRow: a change that cannot be understood takes none of its row's
// other changes along, whichever comes first.
func TestBadImageOfRow(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		w := newWorld(t, setup{dialect: dialect})
		bad := `{"author_id": 1}`
		early, late := int64(1000), time.Now().Add(time.Minute).UnixMicro()
		w.replay(outboxRow{Tbl: "posts", Pk: "[1]", Version: early, New: &bad})
		w.must(w.db.Create(&Post{ID: 1, AuthorID: 1, Published: true, CreatedAt: at(1)}).Error)
		w.must(w.db.Model(&Post{ID: 1}).Update("author_id", 2).Error)
		w.replay(outboxRow{Tbl: "posts", Pk: "[1]", Version: late, Old: &bad})
		w.wantIDs("author:1:posts")
		w.wantIDs("author:2:posts", "posts:1")
		letters := w.letters(timakgorm.DeadLetterQuery{})
		if len(letters) != 2 || letters[0].Version != early || letters[1].Version != late {
			t.Errorf("dead letters: got %+v, want the two that cannot be understood", letters)
		}
		w.forgive()
		w.check()
	})
}

// TestForeignChanges: changes of tables that are not registered here are left
// to those who know them.
func TestForeignChanges(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		w := newWorld(t, setup{dialect: dialect})
		image := `{"id": 1}`
		foreign := outboxRow{Tbl: "others", Pk: "[1]", Version: 1000, New: &image}
		w.replay(foreign)
		w.must(w.db.Create(&Post{ID: 1, AuthorID: 1, Published: true}).Error)
		w.check()
		changes := w.changes()
		if len(changes) != 1 || changes[0].Tbl != "others" || changes[0].Attempts != 0 || changes[0].RunAt != 0 {
			t.Errorf("outbox: got %+v, want the foreign change as it was", changes)
		}
	})
}
