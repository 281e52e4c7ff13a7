package timakgorm_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/timak-go/timak/timakgorm"
)

// seed is what every operation starts from: five posts of two authors, one of
// them a draft, one deleted.
func (w *world) seed() {
	w.Helper()
	w.must(w.db.Create(&[]Author{{ID: 1, Name: "ann"}, {ID: 2, Name: "bob"}}).Error)
	posts := make([]Post, 5)
	for i := range posts {
		posts[i] = Post{ID: uint(i + 10), AuthorID: uint(i%2 + 1), Title: fmt.Sprint("t", i), Published: i != 3, CreatedAt: at(i)}
	}
	w.must(w.db.Create(&posts).Error)
	w.must(w.db.Delete(&posts[4]).Error)
	if w.db.Name() == "postgres" {
		w.must(w.db.Exec("SELECT setval('posts_id_seq', 100), setval('authors_id_seq', 100)").Error)
	}
}

func at(i int) time.Time { return time.Date(2026, 1, 1, 0, i, 0, 0, time.UTC) }

// operation is one way to write rows. Its check is the comparison of tables
// and timelines; changed says that it must have changed them.
type operation struct {
	name string
	run  func(db *gorm.DB) error
}

// operations are the forms that this backend follows.
var operations = []operation{
	{"create one", func(db *gorm.DB) error {
		return db.Create(&Post{AuthorID: 1, Title: "new", Published: true}).Error
	}},
	{"create a draft", func(db *gorm.DB) error { return db.Create(&Post{AuthorID: 1, Title: "draft"}).Error }},
	{"create a slice", func(db *gorm.DB) error {
		return db.Create(&[]Post{{AuthorID: 1, Published: true}, {AuthorID: 2, Published: true}, {AuthorID: 1}}).Error
	}},
	{"create a slice of pointers", func(db *gorm.DB) error {
		return db.Create([]*Post{{AuthorID: 1, Published: true}, {AuthorID: 2, Published: true}}).Error
	}},
	{"create in batches", func(db *gorm.DB) error {
		posts := make([]Post, 7)
		for i := range posts {
			posts[i] = Post{AuthorID: 2, Title: fmt.Sprint("batch ", i), Published: true}
		}
		return db.CreateInBatches(&posts, 3).Error
	}},
	{"create with omitted columns", func(db *gorm.DB) error {
		return db.Omit("Published").Create(&Post{AuthorID: 1, Published: true}).Error
	}},
	{"create with selected columns", func(db *gorm.DB) error {
		return db.Select("AuthorID", "Title", "Published", "CreatedAt").Create(&Post{AuthorID: 1, Title: "s", Published: true}).Error
	}},
	{"create with nested posts", func(db *gorm.DB) error {
		return db.Create(&Author{Name: "carl", Posts: []Post{{Title: "n1", Published: true}, {Title: "n2", Published: true}}}).Error
	}},
	{"create an author who takes a post over", func(db *gorm.DB) error {
		return db.Create(&Author{Name: "dora", Posts: []Post{{ID: 10, Title: "not written"}}}).Error
	}},
	{"create that fails", func(db *gorm.DB) error {
		err := db.Create(&[]Post{{AuthorID: 1, Published: true}, {ID: 10, AuthorID: 1, Published: true}}).Error
		if err == nil {
			return errors.New("a duplicate key was accepted")
		}
		return nil
	}},
	{"save a loaded post", func(db *gorm.DB) error {
		var post Post
		return firstError(db.First(&post, 10).Error, func() error {
			post.Title, post.AuthorID = "saved", 2
			return db.Save(&post).Error
		})
	}},
	{"save a new post", func(db *gorm.DB) error { return db.Save(&Post{AuthorID: 1, Published: true}).Error }},
	{"save a post with a new key", func(db *gorm.DB) error {
		return db.Save(&Post{ID: 77, AuthorID: 1, Published: true, CreatedAt: at(9)}).Error
	}},
	{"save part of a post", func(db *gorm.DB) error { return db.Save(&Post{ID: 10, Title: "partial"}).Error }},
	{"save a soft-deleted post", func(db *gorm.DB) error {
		return db.Save(&Post{ID: 14, AuthorID: 2, Title: "back", Published: true, CreatedAt: at(4)}).Error
	}},
	{"save a slice", func(db *gorm.DB) error {
		return db.Save(&[]Post{{ID: 10, AuthorID: 2, Published: true, CreatedAt: at(7)}, {AuthorID: 1, Published: true}}).Error
	}},
	{"update one column", func(db *gorm.DB) error { return db.Model(&Post{ID: 10}).Update("author_id", 2).Error }},
	{"update by Go name", func(db *gorm.DB) error { return db.Model(&Post{ID: 10}).Update("AuthorID", 2).Error }},
	{"update a loaded post", func(db *gorm.DB) error {
		var post Post
		return firstError(db.First(&post, 10).Error, func() error { return db.Model(&post).Update("author_id", 2).Error })
	}},
	{"update a stale post", func(db *gorm.DB) error {
		return db.Model(&Post{ID: 10, AuthorID: 99}).Updates(Post{AuthorID: 2}).Error
	}},
	{"updates with a struct", func(db *gorm.DB) error {
		return db.Model(&Post{ID: 11}).Updates(Post{AuthorID: 1, Title: "u"}).Error
	}},
	{"updates with a map", func(db *gorm.DB) error {
		return db.Model(&Post{ID: 11}).Updates(map[string]any{"author_id": 1, "published": false}).Error
	}},
	{"updates of another table's name", func(db *gorm.DB) error {
		return db.Table("posts").Where("id = ?", 10).Updates(map[string]any{"author_id": 2}).Error
	}},
	{"update column", func(db *gorm.DB) error { return db.Model(&Post{ID: 10}).UpdateColumn("author_id", 2).Error }},
	{"update columns", func(db *gorm.DB) error {
		return db.Model(&Post{ID: 10}).UpdateColumns(map[string]any{"author_id": 2, "title": "c"}).Error
	}},
	{"update with an expression", func(db *gorm.DB) error {
		return db.Model(&Post{}).Where("id < ?", 13).Update("author_id", gorm.Expr("author_id + ?", 1)).Error
	}},
	{"update the date", func(db *gorm.DB) error { return db.Model(&Post{ID: 12}).Update("created_at", at(-5)).Error }},
	{"update nothing that a rule names", func(db *gorm.DB) error { return db.Model(&Post{ID: 10}).Update("body", "b").Error }},
	{"publish", func(db *gorm.DB) error { return db.Model(&Post{ID: 13}).Update("published", true).Error }},
	{"make a draft", func(db *gorm.DB) error { return db.Model(&Post{ID: 10}).Update("published", false).Error }},
	{"update a batch", func(db *gorm.DB) error {
		return db.Model(&Post{}).Where("author_id = ?", 1).Updates(map[string]any{"author_id": 3}).Error
	}},
	{"update a batch with OR", func(db *gorm.DB) error {
		return db.Model(&Post{}).Where("author_id = ?", 1).Or("title = ?", "t1").Update("author_id", 3).Error
	}},
	{"update by a subquery", func(db *gorm.DB) error {
		authors := db.Session(&gorm.Session{NewDB: true}).Model(&Author{}).Select("id").Where("name = ?", "ann")
		return db.Model(&Post{}).Where("author_id IN (?)", authors).Update("author_id", 4).Error
	}},
	{"update a slice", func(db *gorm.DB) error {
		return db.Model(&[]Post{{ID: 10}, {ID: 11}}).Update("author_id", 5).Error
	}},
	{"update all", func(db *gorm.DB) error {
		return db.Session(&gorm.Session{AllowGlobalUpdate: true}).Model(&Post{}).Update("author_id", 6).Error
	}},
	{"update nobody", func(db *gorm.DB) error { return db.Model(&Post{}).Where("id = 999").Update("author_id", 2).Error }},
	{"update the primary key", func(db *gorm.DB) error { return db.Model(&Post{}).Where("id = ?", 10).Update("id", 50).Error }},
	{"update returning", func(db *gorm.DB) error {
		var posts []Post
		return db.Model(&posts).Clauses(clause.Returning{}).Where("author_id = ?", 1).Update("author_id", 7).Error
	}},
	{"delete a loaded post", func(db *gorm.DB) error {
		var post Post
		return firstError(db.First(&post, 10).Error, func() error { return db.Delete(&post).Error })
	}},
	{"delete by a stub", func(db *gorm.DB) error { return db.Delete(&Post{ID: 10}).Error }},
	{"delete by key", func(db *gorm.DB) error { return db.Delete(&Post{}, 10).Error }},
	{"delete by text key", func(db *gorm.DB) error { return db.Delete(&Post{}, "10").Error }},
	{"delete by keys", func(db *gorm.DB) error { return db.Delete(&Post{}, []int{10, 11, 14}).Error }},
	{"delete by Where", func(db *gorm.DB) error { return db.Where("author_id = ?", 1).Delete(&Post{}).Error }},
	{"delete for good by value", func(db *gorm.DB) error { return db.Unscoped().Where("id = ?", 10).Delete(Post{}).Error }},
	{"delete a slice", func(db *gorm.DB) error { return db.Delete(&[]Post{{ID: 10}, {ID: 12}}).Error }},
	{"delete twice", func(db *gorm.DB) error {
		return firstError(db.Delete(&Post{}, 10).Error, func() error { return db.Delete(&Post{}, 10).Error })
	}},
	{"delete for good", func(db *gorm.DB) error { return db.Unscoped().Delete(&Post{}, 10).Error }},
	{"delete for good by Where", func(db *gorm.DB) error { return db.Unscoped().Where("author_id = 1").Delete(&Post{}).Error }},
	{"delete a soft-deleted post for good", func(db *gorm.DB) error { return db.Unscoped().Delete(&Post{}, 14).Error }},
	{"delete without a condition", func(db *gorm.DB) error {
		if err := db.Delete(&Post{}).Error; !errors.Is(err, gorm.ErrMissingWhereClause) {
			return fmt.Errorf("got %w", err)
		}
		return nil
	}},
	{"soft delete by update", func(db *gorm.DB) error { return db.Model(&Post{ID: 10}).Update("deleted_at", at(8)).Error }},
	{"restore", func(db *gorm.DB) error {
		return db.Unscoped().Model(&Post{ID: 14}).Update("deleted_at", nil).Error
	}},
	{"restore and move", func(db *gorm.DB) error {
		return db.Unscoped().Model(&Post{ID: 14}).Updates(map[string]any{"deleted_at": nil, "author_id": 8, "published": true}).Error
	}},
	{"change a soft-deleted post", func(db *gorm.DB) error {
		return db.Unscoped().Model(&Post{ID: 14}).Update("author_id", 2).Error
	}},
	{"upsert that updates", func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "id"}}, DoUpdates: clause.AssignmentColumns([]string{"author_id"})}).
			Create(&[]Post{{ID: 10, AuthorID: 9, Title: "not written", Published: true}, {ID: 60, AuthorID: 9, Published: true, CreatedAt: at(6)}}).Error
	}},
	{"upsert that does nothing", func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{DoNothing: true}).Create(&Post{ID: 10, AuthorID: 9, Title: "not written", Published: true}).Error
	}},
	{"append to an association", func(db *gorm.DB) error {
		return db.Model(&Author{ID: 2}).Association("Posts").Append(&Post{Title: "appended", Published: true})
	}},
	{"append a post of another author", func(db *gorm.DB) error {
		return db.Model(&Author{ID: 2}).Association("Posts").Append(&Post{ID: 10})
	}},
	{"replace an association", func(db *gorm.DB) error {
		return db.Model(&Author{ID: 2}).Association("Posts").Replace(&Post{ID: 10})
	}},
	{"clear an association", func(db *gorm.DB) error { return db.Model(&Author{ID: 1}).Association("Posts").Clear() }},
	{"dry run", func(db *gorm.DB) error {
		return db.Session(&gorm.Session{DryRun: true}).Create(&Post{AuthorID: 1, Published: true}).Error
	}},
	{"nested transactions", func(db *gorm.DB) error {
		return db.Transaction(func(tx *gorm.DB) error {
			return firstError(tx.Create(&Post{AuthorID: 1, Published: true}).Error, func() error {
				return tx.Transaction(func(tx *gorm.DB) error { return tx.Model(&Post{ID: 10}).Update("author_id", 2).Error })
			})
		})
	}},
	{"generics", func(db *gorm.DB) error {
		_, err := gorm.G[Post](db).Where("id = ?", 10).Update(context.Background(), "author_id", 2)
		return err
	}},
	{"generics delete", func(db *gorm.DB) error {
		_, err := gorm.G[Post](db).Where("id = ?", 10).Delete(context.Background())
		return err
	}},
}

func firstError(err error, next func() error) error {
	if err != nil {
		return err
	}
	return next()
}

// mode is a way to run an operation.
type mode struct {
	name   string
	config gorm.Config
	run    func(db *gorm.DB, op func(*gorm.DB) error) error
}

func plainly(db *gorm.DB, op func(*gorm.DB) error) error { return op(db) }

func inTransaction(db *gorm.DB, op func(*gorm.DB) error) error { return db.Transaction(op) }

var modes = []mode{
	{"default", gorm.Config{}, plainly},
	{"explicit", gorm.Config{}, inTransaction},
	{"nested", gorm.Config{}, func(db *gorm.DB, op func(*gorm.DB) error) error {
		return db.Transaction(func(tx *gorm.DB) error { return tx.Transaction(op) })
	}},
	{"prepared", gorm.Config{PrepareStmt: true}, plainly},
	{"prepared explicit", gorm.Config{PrepareStmt: true}, inTransaction},
	{"no default transaction", gorm.Config{SkipDefaultTransaction: true}, plainly},
}

func TestCapture(t *testing.T) {
	t.Parallel()
	for _, m := range modes {
		t.Run(m.name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, dialect string) {
				config := m.config
				w := newWorld(t, setup{dialect: dialect, config: &config})
				for _, op := range operations {
					w.TB = t
					w.reset()
					w.seed()
					w.check()
					if t.Failed() {
						t.Fatalf("before %q", op.name)
					}
					if err := runIn(m, w.db, op); err != nil {
						t.Errorf("%s: %v", op.name, err)
					}
					w.check()
					if t.Failed() {
						t.Fatalf("after %q", op.name)
					}
				}
			})
		})
	}
}

// runIn runs an operation in a mode; one that means to fail may break the
// transaction it is in.
func runIn(m mode, db *gorm.DB, op operation) error {
	if op.name == "create that fails" {
		_ = m.run(db, func(tx *gorm.DB) error {
			return errors.Join(op.run(tx), errors.New("roll back"))
		})
		return nil
	}
	return m.run(db, op.run)
}

// reset empties the tables, through the plugin.
func (w *world) reset() {
	w.Helper()
	all := w.db.Session(&gorm.Session{AllowGlobalUpdate: true})
	w.must(all.Unscoped().Delete(&Post{}).Error)
	w.must(all.Delete(&Author{}).Error)
	w.drain()
}

// TestUnchanged: a change that touches nothing a rule names does nothing.
func TestUnchanged(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dialect string) {
		w := newWorld(t, setup{dialect: dialect})
		w.seed()
		w.drain()
		for _, op := range operations {
			switch op.name {
			case "update nothing that a rule names", "update nobody", "upsert that does nothing", "dry run", "delete a soft-deleted post for good":
				w.must(op.run(w.db))
				if n := w.outbox(); n != 0 {
					t.Errorf("%s: %d rows in the outbox, want none", op.name, n)
				}
			}
		}
	})
}

// TestRefused: a write that cannot be followed is refused and does not take
// place.
func TestRefused(t *testing.T) {
	t.Parallel()
	refused := []operation{
		{"create from a map", func(db *gorm.DB) error {
			return db.Model(&Post{}).Create(map[string]any{"author_id": 1, "published": true}).Error
		}},
		{"create from a map by table", func(db *gorm.DB) error {
			return db.Table("posts").Create(map[string]any{"author_id": 1, "published": true}).Error
		}},
		{"update an aliased table", func(db *gorm.DB) error {
			return db.Table("posts AS p").Where("p.id = 10").Updates(map[string]any{"author_id": 2}).Error
		}},
		{"update a table with its schema", func(db *gorm.DB) error {
			return db.Table("public.posts").Where("id = 10").Updates(map[string]any{"author_id": 2}).Error
		}},
		{"delete from a table with its schema", func(db *gorm.DB) error {
			return db.Table("main.posts").Where("id = 10").Delete(&Post{}).Error
		}},
		{"update a table in another case", func(db *gorm.DB) error {
			return db.Table("Posts").Where("id = 10").Updates(map[string]any{"author_id": 2}).Error
		}},
		{"update a table given as an expression", func(db *gorm.DB) error {
			return db.Table("?", clause.Table{Name: "posts"}).Where("id = 10").Updates(map[string]any{"author_id": 2}).Error
		}},
		{"insert or replace", func(db *gorm.DB) error {
			return db.Clauses(clause.Insert{Modifier: "OR REPLACE"}).Create(&Post{ID: 10, AuthorID: 2, Published: true}).Error
		}},
		{"delete with a FROM", func(db *gorm.DB) error {
			return db.Clauses(clause.From{Tables: []clause.Table{{Name: "authors"}}}).Where("id = 1").Delete(&Post{}).Error
		}},
		{"upsert that sets the primary key", func(db *gorm.DB) error {
			return db.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "id"}}, DoUpdates: clause.Assignments(map[string]any{"id": 99})}).
				Create(&Post{ID: 10}).Error
		}},
		{"upsert over a column that the database fills in", func(db *gorm.DB) error {
			return db.Omit("Title").Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "title"}}, DoUpdates: clause.AssignmentColumns([]string{"author_id"})}).
				Create(&Post{AuthorID: 2}).Error
		}},
		{"update from", func(db *gorm.DB) error {
			return db.Model(&Post{}).Clauses(clause.From{Tables: []clause.Table{{Name: "authors"}}}).
				Where("posts.author_id = authors.id").Update("title", "x").Error
		}},
		{"set the primary key by an expression", func(db *gorm.DB) error {
			return db.Model(&Post{}).Where("id = 10").Update("id", gorm.Expr("id + 100")).Error
		}},
		{"upsert by constraint", func(db *gorm.DB) error {
			return db.Clauses(clause.OnConflict{OnConstraint: "posts_pkey", DoUpdates: clause.AssignmentColumns([]string{"title"})}).
				Create(&Post{ID: 10}).Error
		}},
		{"upsert with some keys set and some not", func(db *gorm.DB) error {
			return db.Clauses(clause.OnConflict{DoNothing: true}).Create(&[]Post{{ID: 10}, {AuthorID: 1}}).Error
		}},
		{"raw update", func(db *gorm.DB) error { return db.Exec("UPDATE posts SET author_id = 2").Error }},
		{"raw delete", func(db *gorm.DB) error { return db.Exec(`delete from "posts" where id = ?`, 10).Error }},
		{"raw returning", func(db *gorm.DB) error {
			var ids []uint
			return db.Raw("UPDATE posts SET author_id = 2 RETURNING id").Scan(&ids).Error
		}},
	}
	onBoth(t, func(t *testing.T, dialect string) {
		w := newWorld(t, setup{dialect: dialect})
		w.seed()
		w.drain()
		before := w.posts()
		for _, op := range refused {
			if err := op.run(w.db); !errors.Is(err, timakgorm.ErrUncaptured) {
				t.Errorf("%s: got %v, want ErrUncaptured", op.name, err)
			} else {
				t.Logf("%s: %v", op.name, err)
			}
			if after := w.posts(); after != before {
				t.Fatalf("%s: the table has changed:\n%s\n%s", op.name, before, after)
			}
		}
		w.check()
	})
}

func (w *world) posts() string {
	w.Helper()
	var posts []Post
	w.must(w.db.Unscoped().Order("id").Find(&posts).Error)
	return fmt.Sprint(posts)
}
