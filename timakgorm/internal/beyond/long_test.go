package beyond_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// Memo is published by its author, and Regular subscribes to authors.
type Memo struct {
	ID        uint
	AuthorID  uint      `gorm:"index:memos_of,priority:1"`
	CreatedAt time.Time `gorm:"index:memos_of,priority:2"`

	_ timakgorm.Timeline `timak:"audience=memos; source=author:{AuthorID}"`
}

type Regular struct {
	ReaderID uint `gorm:"primaryKey;autoIncrement:false"`
	AuthorID uint `gorm:"primaryKey;autoIncrement:false"`

	_ timakgorm.Subscription `timak:"audience=memos; key=regular:{ReaderID}; source=author:{AuthorID}"`
}

// TestPage_long: 5,000 items go through a feed of 1,000, or 1,500 on SQLite, from the newest to the oldest and
// back, each once and in order, while memos come and go.
func TestPage_long(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		models := []any{&Memo{}, &Regular{}}
		w := world.New(t, world.Setup{Dialect: dialect, Models: models, Tracked: models})
		const authors = 10
		stay := 5000
		if dialect == "sqlite" { // which reads all rows for each page
			stay = 1500
		}
		var memos []Memo
		var want []string
		for n := range stay {
			id := uint(n + 1)
			memos = append(memos, Memo{ID: id, AuthorID: id % authors, CreatedAt: world.At(n / 2)})
			want = append(want, fmt.Sprint("memos:", stay-n))
		}
		w.Must(w.DB.CreateInBatches(&memos, 500).Error)
		w.Drain()
		var all []Regular
		for author := range uint(authors) {
			all = append(all, Regular{ReaderID: 1, AuthorID: author})
		}
		w.Must(w.DB.Create(&all).Error)
		w.Drain()
		stop := w.Run()
		over, done := make(chan struct{}), sync.WaitGroup{}
		done.Go(func() { comeAndGo(w, stay, authors, over) })
		forward, backward := stayed(w, "regular:1", stay)
		close(over)
		done.Wait()
		stop()
		if !slices.Equal(forward, want) {
			t.Errorf("forward: %d items, want all %d in order", len(forward), stay)
		}
		if !slices.Equal(backward, want) {
			t.Errorf("backward: %d items, want all %d in order", len(backward), stay)
		}
		w.Drain()
		w.WantDifferences()
	})
}

// comeAndGo writes memos among those that stay, and deletes each of them some time later.
func comeAndGo(w *world.World, stay int, authors uint, over chan struct{}) {
	for id := uint(stay + 1); ; id++ {
		select {
		case <-over:
			return
		default:
		}
		at := world.At(int(id*997) % stay)
		w.Must(w.DB.Create(&Memo{ID: id, AuthorID: id % authors, CreatedAt: at}).Error)
		if before := id - 50; before > uint(stay) {
			w.Must(w.DB.Delete(&Memo{}, before).Error)
		}
	}
}

// stayed reads a timeline from end to end and back, and returns the ids of what stays.
func stayed(w *world.World, key string, stay int) (forward, backward []string) {
	w.Helper()
	stays := func(page timak.Page) (ids []string) {
		for _, item := range page.Items {
			var id int
			if _, err := fmt.Sscanf(strings.TrimPrefix(item.ID, "memos:"), "%d", &id); err == nil && id <= stay {
				ids = append(ids, item.ID)
			}
		}
		return ids
	}
	query := timak.Query{Limit: 250}
	for {
		page, err := w.Plugin.Page(w.Context(), key, query)
		w.Must(err)
		forward = append(forward, stays(page)...)
		if query.Cursor = page.Next; !page.More {
			break
		}
	}
	for {
		page, err := w.Plugin.Page(w.Context(), key, query)
		w.Must(err)
		backward = append(stays(page), backward...)
		if query.Cursor = page.Prev; page.First {
			return forward, backward
		}
	}
}
