package outbox_test

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
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// TestBadTimeline: where a timeline refuses a change for good, the change
// becomes a dead letter, and all others are applied.
func TestBadTimeline(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		store := world.NewFaulty()
		w := world.New(t, world.Setup{Dialect: dialect, Store: store})
		store.SetBefore(world.FailingPuts("author:1:posts", driver.ErrTooLarge))
		w.Must(w.DB.Create(&[]world.Post{
			{ID: 1, AuthorID: 1, Title: "refused", Published: true, CreatedAt: world.At(1)},
			{ID: 2, AuthorID: 2, Title: "taken", Published: true, CreatedAt: world.At(2)},
		}).Error)
		w.Must(w.DB.Create(&world.Post{ID: 3, AuthorID: 1, Title: "draft", CreatedAt: world.At(3)}).Error)
		changes := w.Changes()
		w.Drain()
		letters := w.DeadLetters()
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
		if got := w.IDs("author:2:posts"); !slices.Equal(got, []string{"posts:2"}) {
			t.Errorf("timeline of another: got %v", got)
		}
		store.SetBefore(nil)
		w.Must(w.DB.Model(&world.Post{ID: 1}).Update("title", "taken now").Error)
		w.Forgive()
		w.Check()
	})
}

// TestDamagedTimeline: a timeline whose stored bytes are damaged takes no
// change, is not written over, and stops no other.
func TestDamagedTimeline(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		store := world.NewFaulty()
		w := world.New(t, world.Setup{Dialect: dialect, Store: store})
		damaged := []byte("these are not the bytes you are looking for")
		_, err := store.Memory.Put(t.Context(), "author:1:posts", damaged, nil)
		w.Must(err)
		for i := range 20 {
			w.Must(w.DB.Create(&world.Post{AuthorID: uint(i % 4), Title: "x", Published: true}).Error)
		}
		w.Drain()
		letters := w.DeadLetters()
		if len(letters) != 5 {
			t.Errorf("%d dead letters, want 5", len(letters))
		}
		for _, letter := range letters {
			if !strings.Contains(letter.Error, timak.ErrCorrupt.Error()) {
				t.Errorf("dead letter says %q, want ErrCorrupt", letter.Error)
			}
		}
		object, err := store.Memory.Get(t.Context(), "author:1:posts")
		w.Must(err)
		if len(object.Siblings) != 1 || !bytes.Equal(object.Siblings[0], damaged) {
			t.Errorf("the damaged value was written over: %q", object.Siblings)
		}
		for _, key := range []string{"author:0:posts", "author:2:posts", "author:3:posts"} {
			if got := len(w.IDs(key)); got != 5 {
				t.Errorf("timeline %q has %d items, want 5", key, got)
			}
		}
	})
}

// TestBadNeighbour: one row that a timeline can never take does not take those
// down that go into the same timeline.
func TestBadNeighbour(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.New(t, world.Setup{Dialect: dialect, Engine: &timak.Options{MaxData: 100}})
		for i := range 9 {
			title := fmt.Sprint("t", i)
			if i == 3 || i == 7 {
				title = strings.Repeat("too long ", 20)
			}
			w.Must(w.DB.Create(&world.Post{ID: uint(i + 1), AuthorID: 1, Title: title, Published: true, CreatedAt: world.At(i)}).Error)
		}
		w.Drain()
		var bad []string
		for _, letter := range w.DeadLetters() {
			bad = append(bad, letter.Pk)
			if !strings.Contains(letter.Error, timak.ErrData.Error()) {
				t.Errorf("dead letter says %q, want ErrData", letter.Error)
			}
		}
		if want := []string{"[4]", "[8]"}; !slices.Equal(bad, want) {
			t.Errorf("dead letters: got %v, want %v", bad, want)
		}
		w.Forgive()
		w.Must(w.DB.Model(&world.Post{}).Where("id IN ?", []int{4, 8}).Update("title", "shorter").Error)
		w.Check()
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
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.New(t, world.Setup{Dialect: dialect})
		for i, image := range slices.Concat(bad, unplaceable) {
			version := int64(1000 + 10*i)
			w.Replay(
				world.OutboxRow{Tbl: "posts", Pk: fmt.Sprintf("[%d]", 1000+2*i), Version: version, New: &image},
				world.OutboxRow{Tbl: "posts", Pk: fmt.Sprintf("[%d]", 1001+2*i), Version: version, Old: &image},
			)
			w.Must(w.DB.Create(&world.Post{AuthorID: uint(i), Title: "beside", Published: true}).Error)
		}
		w.Replay(world.OutboxRow{Tbl: "posts", Pk: "[2000]", Version: 2000}) // says nothing
		w.Drain()
		letters := w.DeadLetters()
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
		w.Forgive()
		w.Check()
	})
}

// TestBadImageOfRow: a change that cannot be understood takes none of its row's
// other changes along, whichever comes first.
func TestBadImageOfRow(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.New(t, world.Setup{Dialect: dialect})
		bad := `{"author_id": 1}`
		early, late := int64(1000), time.Now().Add(time.Minute).UnixMicro()
		w.Replay(world.OutboxRow{Tbl: "posts", Pk: "[1]", Version: early, New: &bad})
		w.Must(w.DB.Create(&world.Post{ID: 1, AuthorID: 1, Published: true, CreatedAt: world.At(1)}).Error)
		w.Must(w.DB.Model(&world.Post{ID: 1}).Update("author_id", 2).Error)
		w.Replay(world.OutboxRow{Tbl: "posts", Pk: "[1]", Version: late, Old: &bad})
		w.WantIDs("author:1:posts")
		w.WantIDs("author:2:posts", "posts:1")
		letters := w.Letters(timakgorm.DeadLetterQuery{})
		if len(letters) != 2 || letters[0].Version != early || letters[1].Version != late {
			t.Errorf("dead letters: got %+v, want the two that cannot be understood", letters)
		}
		w.Forgive()
		w.Check()
	})
}

// TestForeignChanges: changes of tables that are not registered here are left
// to those who know them.
func TestForeignChanges(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.New(t, world.Setup{Dialect: dialect})
		image := `{"id": 1}`
		foreign := world.OutboxRow{Tbl: "others", Pk: "[1]", Version: 1000, New: &image}
		w.Replay(foreign)
		w.Must(w.DB.Create(&world.Post{ID: 1, AuthorID: 1, Published: true}).Error)
		w.Check()
		changes := w.Changes()
		if len(changes) != 1 || changes[0].Tbl != "others" || changes[0].Attempts != 0 || changes[0].RunAt != 0 {
			t.Errorf("outbox: got %+v, want the foreign change as it was", changes)
		}
	})
}
