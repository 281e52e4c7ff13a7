package timakgorm_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// pageOf is a page of items with these ids.
func pageOf(ids ...string) timak.Page {
	var page timak.Page
	for _, id := range ids {
		page.Items = append(page.Items, timak.Item{ID: id})
	}
	return page
}

// postIDs loads a page of posts and returns their ids.
func postIDs(t *testing.T, db *gorm.DB, page timak.Page) []uint {
	t.Helper()
	posts, err := timakgorm.Load[world.Post](t.Context(), db, page)
	if err != nil {
		t.Fatal(err)
	}
	var ids []uint
	for _, post := range posts {
		ids = append(ids, post.ID)
	}
	return ids
}

func TestLoad(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.New(t, world.Setup{Dialect: dialect})
		w.Seed() // the posts 10 to 14, of which the last is soft-deleted
		for _, test := range []struct {
			about string
			db    *gorm.DB
			page  timak.Page
			want  []uint
		}{
			{"the page's order", w.DB, pageOf("posts:12", "posts:10", "posts:13", "posts:11"), []uint{12, 10, 13, 11}},
			{"no items", w.DB, pageOf(), nil},
			{"rows that are gone", w.DB, pageOf("posts:99", "posts:10", "posts:14", "posts:0"), []uint{10}},
			{"soft-deleted rows, asked for", w.DB.Unscoped(), pageOf("posts:14", "posts:10"), []uint{14, 10}},
			{"items of other tables", w.DB, pageOf("authors:1", "posts:10", "posts_archive:11", "xposts:12", "11", "", ":"), []uint{10}},
			{"no items of the table", w.DB, pageOf("authors:1"), nil},
			{
				"broken ids", w.DB,
				pageOf("posts:", "posts:abc", "posts:-10", "posts:1e1", "posts:10,11", "posts:%zz", "posts:99999999999999999999", "posts:011", "posts:%31%31", "posts:13"),
				[]uint{13},
			},
			{"an item twice", w.DB, pageOf("posts:10", "posts:10"), []uint{10, 10}},
			{"a condition", w.DB.Where("author_id = ?", 1), pageOf("posts:12", "posts:11", "posts:10"), []uint{12, 10}},
			{"two conditions", w.DB.Where("author_id = ?", 2).Or("title = ?", "t0"), pageOf("posts:12", "posts:11", "posts:10"), []uint{11, 10}},
			{"another order", w.DB.Order("id"), pageOf("posts:11", "posts:10"), []uint{11, 10}},
			{"a model", w.DB.Model(&world.Post{}), pageOf("posts:11", "posts:10"), []uint{11, 10}},
		} {
			if got := postIDs(t, test.db, test.page); !slices.Equal(got, test.want) {
				t.Errorf("%s: got %v, want %v", test.about, got, test.want)
			}
		}
	})
}

// A page is one query; a page without rows to look for is none.
func TestLoad_oneQuery(t *testing.T) {
	t.Parallel()
	w := world.New(t, world.Setup{Dialect: "sqlite"})
	w.Seed()
	queries := 0
	w.Must(w.DB.Callback().Query().Before("gorm:query").Register("count", func(*gorm.DB) { queries++ }))
	for _, test := range []struct {
		page timak.Page
		want int
	}{
		{pageOf("posts:10", "authors:1", "posts:11", "posts:12"), 1},
		{pageOf("authors:1", "posts:x"), 0},
		{pageOf(), 0},
	} {
		queries = 0
		if postIDs(t, w.DB, test.page); queries != test.want {
			t.Errorf("%v: got %d queries, want %d", test.page.Items, queries, test.want)
		}
	}
}

// Sticker has no items of the default form.
type Sticker struct {
	ID        uint
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=stickers; id=sticker:{ID}"`
	_ timakgorm.Timeline `timak:"audience=fans; source=all; id={ID}"`
}

// TestLoad_otherIDs: a page of which Load can find nothing, because of id=, is an error that
// names the rule; a page of another model's items is none.
func TestLoad_otherIDs(t *testing.T) {
	t.Parallel()
	type Fan struct{ ID uint }
	fan := timakgorm.Track[Fan](timakgorm.Rule{Subscribes: true, Audience: "fans", Key: "fan:{ID}", Source: "all"})
	w := world.New(t, world.Setup{Dialect: "sqlite", Models: []any{&Sticker{}, &world.Post{}, &Fan{}}, Tracked: []any{&Sticker{}, &world.Post{}, fan}})
	w.Must(w.DB.Create(&Sticker{}).Error)
	w.Must(w.DB.Create(&Fan{}).Error)
	w.Drain()
	for key, want := range map[string]string{
		"stickers": `timakgorm: load Sticker: the item "sticker:1" comes from a rule with id=sticker:{ID}: expected ids of the default form, stickers:<primary key>, as of rules without id=`,
		"fan:1":    `timakgorm: load Sticker: the item "1" comes from a rule with id={ID}: expected ids of the default form, stickers:<primary key>, as of rules without id=`,
	} {
		page, err := w.Timelines.Page(t.Context(), key, timak.Query{})
		w.Must(err)
		if got, err := timakgorm.Load[Sticker](t.Context(), w.DB, page); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, %v; want %s", key, got, err, want)
		}
		if got, err := timakgorm.Load[world.Post](t.Context(), w.DB, page); err != nil || got != nil {
			t.Errorf("%s, posts: got %v, %v", key, got, err)
		}
	}
	page, err := w.Timelines.Page(t.Context(), "stickers", timak.Query{})
	w.Must(err)
	const want = `timakgorm: load Author: no item of the page is a row of authors, which no registered model has: the first is "sticker:1"`
	if _, err := timakgorm.Load[world.Author](t.Context(), w.DB, page); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if _, err := timakgorm.Load[world.Author](t.Context(), w.DB, pageOf()); err != nil {
		t.Errorf("an empty page: %v", err)
	}
	for _, page := range []timak.Page{pageOf(), pageOf("posts:1"), pageOf("stickers:7"), pageOf("sticker:1", "stickers:1")} {
		if _, err := timakgorm.Load[Sticker](t.Context(), w.DB, page); err != nil {
			t.Errorf("%v: %v", page.Items, err)
		}
	}
}

func TestLoad_preload(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.New(t, world.Setup{Dialect: dialect})
		w.Seed()
		authors, err := timakgorm.Load[*world.Author](t.Context(), w.DB.Preload("Posts"), pageOf("authors:2", "authors:1"))
		w.Must(err)
		var got []string
		for _, author := range authors {
			got = append(got, fmt.Sprint(author.Name, len(author.Posts)))
		}
		if want := []string{"bob2", "ann2"}; !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

// Load sees what its transaction has written, and leaves db as it was.
func TestLoad_inTransaction(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.New(t, world.Setup{Dialect: dialect})
		w.Seed()
		errUndo := errors.New("undo")
		err := w.DB.Transaction(func(tx *gorm.DB) error {
			w.Must(tx.Create(&world.Post{ID: 50}).Error)
			for range 2 {
				if got := postIDs(t, tx, pageOf("posts:50", "posts:10")); !slices.Equal(got, []uint{50, 10}) {
					t.Errorf("in the transaction: got %v, want [50 10]", got)
				}
			}
			return errUndo
		})
		if !errors.Is(err, errUndo) {
			t.Error(err)
		}
		if got := postIDs(t, w.DB, pageOf("posts:50", "posts:10")); !slices.Equal(got, []uint{10}) {
			t.Errorf("after it: got %v, want [10]", got)
		}
	})
}

// Keys of several columns, of texts that hold separators, and of UUIDs.
func TestLoad_keys(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		w := world.New(t, world.Setup{Dialect: dialect, Models: []any{&Membership{}}, Tracked: []any{&Membership{}}})
		members := []string{"ann", "a,b", "a%2Cb", "", "7:posts", "Žofie 🙂", `"'\`, "null", "1"}
		for i, member := range members {
			w.Must(w.DB.Create(&Membership{GroupID: 1, Member: member, CreatedAt: world.At(-i)}).Error)
			w.Must(w.DB.Create(&Membership{GroupID: 2, Member: member, CreatedAt: world.At(0)}).Error)
		}
		w.Drain()
		page, err := w.Timelines.Page(t.Context(), "group:1:members", timak.Query{})
		w.Must(err)
		found, err := timakgorm.Load[Membership](t.Context(), w.DB, page)
		w.Must(err)
		var got []string
		for _, membership := range found {
			got = append(got, membership.Member)
		}
		if !slices.Equal(got, members) {
			t.Errorf("memberships: got %q, want %q", got, members)
		}
	})
}

func TestLoad_uuid(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		ids := []uuid.UUID{uuid.New(), uuid.New()}
		document := any(&[]SQLiteDocument{{ID: ids[0]}, {ID: ids[1]}})
		load := loadDocuments[SQLiteDocument]
		if dialect == "postgres" {
			document, load = &[]PostgresDocument{{ID: ids[0]}, {ID: ids[1]}}, loadDocuments[PostgresDocument]
		}
		w := world.New(t, world.Setup{Dialect: dialect, Models: []any{document}, Tracked: []any{&world.Post{}}})
		w.Must(w.DB.Create(document).Error)
		got := load(w, pageOf("documents:"+ids[1].String(), "documents:7", "documents:"+uuid.NewString(), "documents:"+ids[0].String()))
		if want := []uuid.UUID{ids[1], ids[0]}; !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

func loadDocuments[T PostgresDocument | SQLiteDocument](w *world.World, page timak.Page) []uuid.UUID {
	w.Helper()
	documents, err := timakgorm.Load[T](w.Context(), w.DB, page)
	w.Must(err)
	var ids []uuid.UUID
	for _, document := range documents {
		ids = append(ids, SQLiteDocument(document).ID)
	}
	return ids
}

func TestLoad_errors(t *testing.T) {
	t.Parallel()
	w := world.New(t, world.Setup{Dialect: "sqlite", Models: []any{}})
	_, err := timakgorm.Load[world.Post](t.Context(), w.DB, pageOf("posts:1"))
	if err == nil || !strings.HasPrefix(err.Error(), "timakgorm: load Post: ") {
		t.Errorf("without the table: got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := timakgorm.Load[world.Post](ctx, w.DB, pageOf("posts:1")); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that has ended: got %v", err)
	}
	_, err = timakgorm.Load[int](t.Context(), w.DB, pageOf("posts:1"))
	if err == nil || !strings.HasPrefix(err.Error(), "timakgorm: load int: ") {
		t.Errorf("of no model: got %v", err)
	}
	type Weight struct {
		ID float64
	}
	w.Must(w.DB.AutoMigrate(&Weight{}))
	w.Must(w.DB.Create(&Weight{1.5}).Error)
	_, err = timakgorm.Load[Weight](t.Context(), w.DB, pageOf("weights:1.5"))
	if err == nil || !strings.HasPrefix(err.Error(), "timakgorm: load Weight: a key of type float64: ") {
		t.Errorf("with a key that no rule could write: got %v", err)
	}
}
